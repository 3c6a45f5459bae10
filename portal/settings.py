"""Settings. Every read of the environment goes through the helpers below; secrets may come from files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from portal.runtime.layout import PROJECT, Layout
from portal.runtime.roles import APP, PUBLIC, PUBLISHER
from portal.runtime.secrets import secret


def env_text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_flag(name: str, *, default: bool = False) -> bool:
    value = env_text(name).lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no"):
        raise ValueError(f"{name}: got {value!r}; wanted 1 or 0")
    return default if not value else value in ("1", "true", "yes")


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


LAYOUT = Layout.default()
BASE_DIR = PROJECT

# True behind TLS on a real host; the system checks (portal/checks.py) then insist on the rest.
PRODUCTION = env_flag("DAYLIGHT_PRODUCTION")
DEBUG = env_flag("DAYLIGHT_DEBUG")
SECRET_KEY = secret("DAYLIGHT_SECRET_KEY", LAYOUT.secrets)
DEVICE_KEYRING = secret("DAYLIGHT_DEVICE_KEYRING", LAYOUT.secrets)  # seals device keys at rest
ALLOWED_HOSTS = env_list("DAYLIGHT_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = env_text("DAYLIGHT_SITE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "portal",
    "portal.publication",
    "portal.webhooks",
    "community",
    "incidents",
    "sensors",
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.security_headers",
    "portal.api.middleware.machine_doors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
AUTH_USER_MODEL = "community.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk:queue"
LOGOUT_REDIRECT_URL = "portal:home"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.5  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.public_page",
            ],
        },
    },
]

DATABASE_URL = env_text("DATABASE_URL")
REDIS_URL = env_text("REDIS_URL") or f"unix://{LAYOUT.redis_socket}"


def _server() -> dict[str, Any]:
    """Where PostgreSQL is: DATABASE_URL, or the socket of the embedded one."""
    if not DATABASE_URL:
        return {"NAME": "daylight", "USER": "daylight_owner", "HOST": str(LAYOUT.postgres_sockets)}
    url = urlsplit(DATABASE_URL)
    if url.scheme not in ("postgres", "postgresql") or not url.path.strip("/"):
        raise ValueError("DATABASE_URL: wanted postgresql://user:password@host:port/name")
    extra = dict(parse_qsl(url.query))
    return {
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": extra.pop("host", url.hostname or ""),
        "PORT": str(url.port or ""),
        "OPTIONS": extra,
    }


def _database(role: str | None, search_path: str, timeout: str) -> dict[str, Any]:
    """One alias. On the embedded server each role logs in; an external login speaks for it by SET ROLE."""
    server = _server()
    start = [f"search_path={search_path}", f"statement_timeout={timeout}", "lock_timeout=5s"]
    # What is prepared (portal.postgres, nothing else) is planned once for any parameters.
    start.append("plan_cache_mode=force_generic_plan")
    if role and DATABASE_URL:
        start.append(f"role={role}")
    elif role:
        server["USER"] = role
    options = {
        **server.pop("OPTIONS", {}),
        "options": " ".join(f"-c {setting}" for setting in start),
        "connect_timeout": 3,
        "prepare_threshold": 5,  # Django's default, None, forbids it to every cursor
    }
    return {
        **server,
        "ENGINE": "portal.postgres",
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


DATABASES = {
    "default": _database(APP, "vault", "60s"),
    "publisher": _database(PUBLISHER, "vault,release", "0"),  # a release may take its time
    "public": _database(PUBLIC, "release", "10s"),  # a page must not
    "owner": _database(None, "vault,release", "0"),
}
DATABASE_ROUTERS = ["portal.routers.GateRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
TIME_ZONE = "UTC"  # aware UTC inside; the city's own zone only in templates
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = LAYOUT.home / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

# Rows are the truth; tasks are wake-ups. See docs/architecture.md.
_REDIS = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_URL = _REDIS
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 900  # a release of a large city; everything else ends in seconds
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1200,  # above the task time limit, else a running task is run twice
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = "UTC"
# What devices wait for has a queue and a worker of its own: two long tasks, a release and an import, hold
# the others. Whoever starts a worker without --queues gets one that takes both.
CELERY_TASK_QUEUES = {name: {"routing_key": name} for name in ("celery", "live")}
CELERY_TASK_ROUTES = {"sensors.drain": {"queue": "live"}, "sensors.detect": {"queue": "live"}}
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "portal.tick", "schedule": 5.0, "options": {"expires": 5}},
    "tick-live": {
        "task": "portal.tick",
        "args": ("live",),
        "schedule": 5.0,
        "options": {"expires": 5, "queue": "live"},
    },
    "drain": {"task": "sensors.drain", "schedule": 2.0, "options": {"expires": 2}},
    "detect": {"task": "sensors.detect", "schedule": 2.0, "options": {"expires": 2}},
    "learn": {"task": "sensors.learn", "schedule": 21_600.0},
    "background": {"task": "sensors.learn_background", "schedule": 3_600.0},
    "faults": {"task": "sensors.find_faults", "schedule": 3_600.0},
    "prune": {"task": "sensors.prune", "schedule": 86_400.0},
    "import": {"task": "incidents.import_waiting", "schedule": 5.0, "options": {"expires": 5}},
    "link": {"task": "incidents.link_alerts", "schedule": 60.0, "options": {"expires": 60}},
    "forget": {"task": "community.forget", "schedule": 3_600.0},
    "recount": {"task": "portal.recount_tallies", "schedule": 86_400.0},
    "webhooks": {"task": "portal.call_webhooks", "schedule": 15.0, "options": {"expires": 15}},
    "release": {"task": "portal.release_due", "schedule": 300.0, "options": {"expires": 300}},
    "files": {"task": "portal.mend_files", "schedule": 300.0, "options": {"expires": 300}},
    "all-files": {
        "task": "portal.mend_files",
        "kwargs": {"everything": True},
        "schedule": 86_400.0,
    },
}

# The API (portal/api): no sessions, no keys, one shape of errors.
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.DoorSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.answer_to",
}
# For tests and for trying it out on one machine: plain http and addresses that nobody else can reach.
WEBHOOKS_ALLOW_PRIVATE = env_text("DAYLIGHT_WEBHOOKS_ALLOW_PRIVATE") == "1"
# So long a web process trusts what it knows of the current releases, and keeps what follows from them.
EDITIONS_KEPT_S = float(env_text("DAYLIGHT_EDITIONS_KEPT_S", "1"))

INGEST_MAX_BODY_BYTES = 4 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = INGEST_MAX_BODY_BYTES
INGEST_WINDOW_S = 300
INGEST_MAX_ATTEMPTS = 5  # of a batch, before it is parked whole for a person to look at
INGEST_RETENTION_DAYS = 1_098  # three years; what is older when it comes is quarantined
# Drained batches are kept so long, to look into and to know repeats by: twice as long as devices keep
# what they could not send.
INGEST_KEEP_DAYS = 30
# The header in which a trusted proxy names the client; used for one daily keyed hash, never stored.
CLIENT_ADDRESS_HEADER = env_text("DAYLIGHT_CLIENT_ADDRESS_HEADER", "REMOTE_ADDR")
MQTT_URL = env_text(
    "DAYLIGHT_MQTT_URL"
)  # mqtt://user:password@host:1883, for manage.py listen_mqtt
INGEST_MAX_WAITING = 20_000  # rows in the inbox beyond which devices are told to wait

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = env_list("DAYLIGHT_TRUSTED_ORIGINS")
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env_text("DAYLIGHT_LOG_LEVEL", "INFO")},
    "loggers": {
        # A resident's search words and receipt codes must not end up in a log.
        "django.request": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
FILES = Path(LAYOUT.files)
# Whether a reader who comes before the worker waits while files are built. For tests: a large city's
# take minutes, so that the web process says "come again" instead.
FILES_ON_DEMAND = env_flag("DAYLIGHT_FILES_ON_DEMAND")

CITY = "portal.city.the_city"  # for apps that may not import it
# Mapping files of the city's sources (docs/adopt.md), before those that are shipped.
MAPPING_FOLDERS = [
    *map(Path, env_list("DAYLIGHT_MAPPINGS")),
    BASE_DIR / "portal" / "demo" / "mappings",
]
