"""The native part of the package."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, final

from .codes import Code
from .model import TenantId, UserId

__all__ = [
    "Engine",
    "forked",
    "PermissionHandle",
    "ServiceHandle",
    "TenantHandle",
    "UserHandle",
    "AccessIndex",
    "IndexVerdict",
    "_verdict",
    "_measure",
    "commands",
    "diagrams",
    "_panic",
    "policies",
    "queries",
    "_raise",
    "statuses",
    "version",
]

class _Buffer(Protocol):
    """Whatever has bytes of its own and can be seen through a `memoryview`: an array of numpy's, say."""

    @property
    def itemsize(self) -> int: ...
    def tobytes(self) -> bytes: ...

_Packed: TypeAlias = bytes | bytearray | memoryview | _Buffer
_User: TypeAlias = UserHandle | UserId | str
_Tenant: TypeAlias = TenantHandle | TenantId | str
_Users: TypeAlias = _User | Sequence[_User] | Sequence[UserHandle] | Sequence[UserId] | Sequence[str] | _Packed
_Tenants: TypeAlias = _Tenant | Sequence[_Tenant] | Sequence[TenantHandle] | Sequence[TenantId] | Sequence[str] | _Packed
_Permission: TypeAlias = PermissionHandle | str
_Service: TypeAlias = ServiceHandle | str

@final
class Engine:
    """An open store. `tenantry.Database` is what programs use; it stands on this."""

    @staticmethod
    def open(
        path: str | None,
        *,
        policy: str | None,
        read_only: bool,
        create: bool,
        wait_for_disk: bool,
        wait_ms: int,
        max_bytes: int | None,
        record_refusals: bool,
        clock_tolerance_seconds: int,
        clock_leap_seconds: int,
        saved_index: str | None,
        clock: Callable[[], int] | None,
        ids: Callable[[], bytes] | None,
    ) -> Engine: ...
    @staticmethod
    def restore(backup: str, to: str, /) -> str: ...
    def call(self, request: str, /) -> str: ...
    def new_id(self) -> bytes: ...
    def now(self) -> int: ...
    def access_index(self) -> AccessIndex: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...

@final
class UserHandle:
    """A user, looked up once in an access index. Right for as long as the database is open."""

    @property
    def id(self) -> UserId: ...
    @property
    def known(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class TenantHandle:
    """A tenant, looked up once in an access index. Right for as long as the database is open."""

    @property
    def id(self) -> TenantId: ...
    @property
    def known(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class PermissionHandle:
    """A permission, looked up once in an access index. Stays right when the policy changes."""

    @property
    def name(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class ServiceHandle:
    """A service, looked up once in an access index. Stays right when the policy changes."""

    @property
    def name(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class IndexVerdict:
    """The answer of a check on the index. True where it is allowed."""

    def __new__(cls, *, reason: str | None, seq: int) -> IndexVerdict: ...
    @property
    def allowed(self) -> bool: ...
    @property
    def reason(self) -> Code | None: ...
    @property
    def seq(self) -> int: ...
    def as_dict(self) -> dict[str, Any]: ...
    def __bool__(self, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Callable[[str | None, int], IndexVerdict], tuple[str | None, int]]: ...

@final
class AccessIndex:
    """What checks need, in memory. `Database.access_index()` gives it. Threads may share it.

    Users and tenants may be given as handles of this index, as `uuid.UUID` or as text; permissions and services as handles or
    as text. Handles are quickest.
    """

    @property
    def seq(self) -> int:
        """The record up to which the index has come."""
    @property
    def loaded_from(self) -> int | None:
        """The record that the saved index was of from which it was loaded, or None where it was built of the store."""
    def user(self, user: UserId | str, /) -> UserHandle:
        """Looks a user up: a handle that is quicker to check with than an id."""
    def tenant(self, tenant: TenantId | str, /) -> TenantHandle:
        """Looks a tenant up, as `user` does."""
    def permission(self, name: str, /) -> PermissionHandle:
        """Looks a permission up by its name. Raises `unknown_permission` where the policy does not have it."""
    def service(self, name: str, /) -> ServiceHandle:
        """Looks a service up by its name. Raises `unknown_service` where the policy does not have it."""
    def allows(self, user: _User, permission: _Permission, tenant: _Tenant, service: _Service | None = None) -> bool:
        """Whether a user may do something on a tenant, for a service if it is about one (P)."""
    def check(self, user: _User, permission: _Permission, tenant: _Tenant, service: _Service | None = None) -> IndexVerdict:
        """The same, with the reason and the seq."""
    def allows_many(
        self, users: _Users, permission: _Permission, tenants: _Tenants, service: _Service | None = None
    ) -> list[bool]:
        """Many checks at once, for one permission: a list of bools in the order of what was asked."""
    def allows_packed(
        self, users: _Users, permission: _Permission, tenants: _Tenants, service: _Service | None = None
    ) -> bytes:
        """The same as bytes, one for each question: 1 where it is allowed, else 0."""
    def check_many(
        self, users: _Users, permission: _Permission, tenants: _Tenants, service: _Service | None = None
    ) -> list[IndexVerdict]:
        """The same with the reasons: a list of verdicts."""
    def tenants_where(
        self, user: _User, permission: _Permission, service: _Service | None = None
    ) -> list[TenantId]:
        """The tenants on which a user can do this, in the order of their ids (P-12)."""
    def tenants_packed(self, user: _User, permission: _Permission, service: _Service | None = None) -> bytes:
        """The same as bytes: their ids in their order, 16 bytes each, for a database that takes a set as one value."""
    def users_who_can(
        self, permission: _Permission, tenant: _Tenant, service: _Service | None = None
    ) -> list[UserId]:
        """The users who can do this on a tenant, in the order of their ids (P-12)."""
    def tenant_access(self, tenant: _Tenant, /) -> dict[UserId, dict[str, frozenset[str | None]]]:
        """Everybody who can do anything on a tenant, and what (X-3): by each user's id the permissions, by each of these the services
        that it is held with, None among them where it is held without one."""
    def user_access(self, user: _User, /) -> dict[TenantId, dict[str, frozenset[str | None]]]:
        """Every tenant on which a user can do anything, and what (X-3): as `tenant_access`, by each tenant's id."""
    def refresh(self, token: str | None = None) -> int:
        """Takes in what other processes have written; with a token, only if the index has not come that far."""

def forked() -> None: ...
def version() -> str: ...
def commands() -> list[str]: ...
def queries() -> list[str]: ...
def statuses() -> list[tuple[int, str, str]]: ...
def policies() -> list[tuple[str, str]]: ...
def diagrams() -> list[tuple[str, str, str]]: ...
def _verdict(reason: str | None, seq: int, /) -> IndexVerdict: ...
def _measure(index: AccessIndex, users: bytes, permission: _Permission, tenants: bytes, /) -> tuple[float, float, float, float]: ...
def _raise(number: int, /) -> None: ...
def _panic(detach: bool, /) -> None: ...
