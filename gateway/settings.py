"""Settings of gateway and delivery worker (prefix `GATEWAY_`). Built at start, never at import."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.contracts.labels import MediaKind
from services.common.errors import ConfigurationError
from services.common.settings import REPOSITORY, Environment

DEVELOPMENT_KEY_SECRET = "development-only-change-me"  # noqa: S105 - a placeholder, refused in production
MIN_SECRET_CHARS = 32


class GatewaySettings(BaseSettings):
    """Where the database is, what an upload may weigh, how patient recovery is."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", populate_by_name=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port of pages and interface.")
    docs_dir: Path = Field(
        default=REPOSITORY / "site", description="Folder of the built documentation, served at `/docs`."
    )
    database_url: SecretStr = Field(
        default=SecretStr("postgresql+psycopg://candor_gateway@localhost/candor"),
        description="Connection as the role `candor_gateway`.",
    )
    key_secret: SecretStr = Field(
        default=SecretStr(DEVELOPMENT_KEY_SECRET),
        description="Keys the hash of API keys; changing it makes every key unknown.",
    )
    candidate_token_ttl_s: float = Field(
        default=90 * 86_400.0, gt=0, description="How long a candidate token opens results."
    )

    max_video_bytes: int = Field(default=1024 * 1024 * 1024, gt=0, description="Largest video.")
    max_audio_bytes: int = Field(default=256 * 1024 * 1024, gt=0, description="Largest sound recording.")
    max_document_bytes: int = Field(default=20 * 1024 * 1024, gt=0, description="Largest document.")
    max_text_bytes: int = Field(default=256 * 1024, gt=0, description="Longest typed answer.")
    max_open_uploads: int = Field(default=100, gt=0, description="Unfinished uploads per tenant.")
    upload_ttl_s: float = Field(
        default=86_400.0, gt=0, description="Until an upload that no answer took is erased."
    )
    max_json_bytes: int = Field(default=64 * 1024, gt=0, description="Largest body that is no media.")
    drain_s: float = Field(
        default=10.0, ge=0, description="How long a refused upload is read on, so that the client sees why."
    )

    rate_requests: int = Field(default=3000, ge=0, description="Requests a minute and key; 0 sets no limit.")
    rate_uploads: int = Field(
        default=600, ge=0, description="New uploads and answers a minute and key; 0 sets no limit."
    )

    events_heartbeat_s: float = Field(
        default=15.0, gt=0, description="How often a silent stream of events shows that it lives."
    )
    events_poll_s: float = Field(default=5.0, gt=0, description="How often a silent stream asks Postgres.")

    ready_needs_workers: bool = Field(
        default=True,
        description="Whether readiness goes red where a worker is missing or lacks its model server.",
    )
    voice_enrolment: bool = Field(
        default=True,
        description="Whether the mean voice of an answer is kept, for the person's next ones.",
    )
    min_cohort_size: int = Field(
        default=20,
        ge=2,
        validation_alias=AliasChoices("GATEWAY_MIN_COHORT_SIZE", "FUSION_MIN_COHORT_SIZE"),
        description="People that a benchmark needs; follows fusion's setting where it has none of its own.",
    )
    recover_every_s: float = Field(default=5.0, gt=0, description="How often lost work is looked for.")
    recover_batch: int = Field(default=100, gt=0, description="Assessments that one run looks at, at most.")
    sweep_every_s: float = Field(default=600.0, gt=0, description="How often retention is looked after.")
    recheck_after_s: float = Field(default=5.0, gt=0, description="Until one is looked at again.")
    idle_after_s: float = Field(
        default=10.0,
        ge=0,
        description="How long ended analyses may wait for fusion.",
    )
    stale_after_s: float = Field(
        default=600.0, gt=0, description="Work without a report is sent again; doubles with each sending."
    )
    expire_after_s: float = Field(default=86_400.0, gt=0, description="Work without a report is given up.")

    webhook_allowed_networks: list[IPv4Network | IPv6Network] = Field(
        default=[],
        description="Networks that webhooks may reach though they are not public, as a JSON list.",
    )
    webhook_ports: list[int] = Field(default=[443, 8443], description="Ports of public webhook addresses.")
    webhook_timeout_s: float = Field(default=15.0, gt=0, description="One attempt, from name to status.")
    webhook_deliver_every_s: float = Field(
        default=1.0, gt=0, description="How often deliveries that are due are looked for."
    )
    webhook_threads: int = Field(default=8, ge=1, description="Attempts at once, of one delivery worker.")
    webhook_per_endpoint: int = Field(default=2, ge=1, description="Attempts at once, to one endpoint.")
    webhook_lease_s: float = Field(
        default=120.0, gt=0, description="An attempt that nobody reports on is made again after this."
    )
    webhook_disable_after_s: float = Field(
        default=432_000.0,
        gt=0,
        description="An endpoint that did nothing but fail for so long is disabled (5 days).",
    )
    webhook_keep_events_s: float = Field(
        default=2_592_000.0, gt=432_000.0, description="Events and their log are kept so long (30 days)."
    )
    webhook_max_endpoints: int = Field(default=20, ge=1, description="Endpoints of one tenant.")
    webhook_ca_file: Path | None = Field(
        default=None, description="Certificates to trust besides the public ones, for receivers of one's own."
    )

    def max_bytes(self, kind: MediaKind) -> int:
        """Return the largest upload of `kind`, in bytes."""
        return {
            MediaKind.VIDEO: self.max_video_bytes,
            MediaKind.AUDIO: self.max_audio_bytes,
            MediaKind.DOCUMENT: self.max_document_bytes,
            MediaKind.TEXT: self.max_text_bytes,
        }[kind]

    def refuse_placeholders(self, environment: Environment) -> None:
        """Raise `ConfigurationError` where a secret is not fit for `environment`."""
        secret = self.key_secret.get_secret_value()
        if environment is Environment.DEVELOPMENT:
            return
        if secret == DEVELOPMENT_KEY_SECRET or len(secret) < MIN_SECRET_CHARS:
            raise ConfigurationError(
                f"GATEWAY_KEY_SECRET must be a random string of at least {MIN_SECRET_CHARS} characters."
            )
