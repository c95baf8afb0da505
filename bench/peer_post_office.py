"""Run inside the peers' environment: django-post_office queues and sends what it is told to.

One JSON line in, one line out: {"do": "queue", "mails": [...]} or {"do": "send", "processes": n,
"threads": n}, and the seconds it took. What it logs is switched off, its batches are large, its
connections are kept: the best it offers.
"""

import json
import logging
import sys
import time

import django
from django.conf import settings


def main() -> None:
    told = json.loads(sys.argv[1])
    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={"default": told["database"]},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=told["port"],
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": 1000,
            "LOG_LEVEL": 0,
            "THREADS_PER_PROCESS": 1,
        },
        LOGGING_CONFIG=None,
    )
    logging.disable(logging.INFO)
    django.setup()
    # Only settings make these readable.
    from django.core.management import call_command  # noqa: PLC0415
    from post_office import mail  # noqa: PLC0415
    from post_office.models import Email  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        began, busy = time.perf_counter(), time.process_time()
        if job["do"] == "queue":
            for first in range(0, len(job["mails"]), 100):
                mail.send_many(job["mails"][first : first + 100])
        else:
            settings.POST_OFFICE["THREADS_PER_PROCESS"] = job["threads"]
            while any(mail.send_queued(processes=job["processes"])):
                pass
        took = {"seconds": time.perf_counter() - began, "busy": time.process_time() - busy}
        if job["do"] == "send":
            not_sent = Email.objects.exclude(status=0).count()
            assert not_sent == 0, f"{not_sent} were not sent"
            Email.objects.all().delete()
        print(json.dumps(took), flush=True)


main()
