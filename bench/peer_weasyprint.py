"""Run inside the peers' environment: prints the pages it is handed, and says how long each took.

One JSON line in ({"pages": […], "base": …}), one line out (seconds of processor time for one
letter, bytes written).
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
    began = time.process_time()
    printed = [
        HTML(string=page, base_url=job["base"]).write_pdf(font_config=kept) for page in job["pages"]
    ]
    took = (time.process_time() - began) / len(job["pages"])
    print(json.dumps({"seconds": took, "bytes": len(printed[0])}), flush=True)
