"""Run inside the peers' environment: prints the pages it is handed, and says how long each took.

One JSON line in ({"html": …, "copies": n}), one line out (seconds for one letter, bytes written).
The font configuration is kept, as a careful user of it would.
"""

import json
import sys
import time

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration

kept = FontConfiguration()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    began = time.perf_counter()
    printed = [
        HTML(string=page, base_url=job["base"]).write_pdf(font_config=kept) for page in job["pages"]
    ]
    took = (time.perf_counter() - began) / len(job["pages"])
    print(json.dumps({"seconds": took, "bytes": len(printed[0])}), flush=True)
