"""tenantry: who manages whom, how, with whose consent, and who may do what because of it.

An embeddable library for the multi-tenant side of managed-service platforms. It runs inside your process and keeps tenants,
links, users, roles and the history in one SQLite file.

>>> import tenantry
>>> from tenantry import OPERATOR, Invitee, TenantKind
>>> db = tenantry.memory()  # or tenantry.open("msp.db")

Every command is a method with keyword arguments. `actor` is who asks: the id of a user, or `OPERATOR`, the platform's own staff. What
comes back has the command's own answer in `outcome`.

>>> msp = db.register_tenant(kind=TenantKind.MSP, name="Northwind IT", actor=OPERATOR).outcome
>>> ada = db.register_user(home=msp, email="ada@northwind.example", role="admin", actor=OPERATOR).outcome
>>> bakery = db.add_customer(
...     manager=msp, kind=TenantKind.CUSTOMER, name="Bakery Klein", management="jointly", services={"manage"},
...     owner=Invitee(email="bo@bakery.example"), actor=ada,
... ).outcome

A check says whether, and why. A verdict is true where it is allowed.

>>> if db.check(user=ada, permission="devices.manage", tenant=bakery.tenant):
...     print("go on")
go on
>>> db.check(user=ada, permission="location.view", tenant=bakery.tenant).reason
Code.RESERVED_FOR_CUSTOMER

What is refused raises. Every refusal has a stable number and name, and says what to do.

>>> try:
...     db.request_delink(link=bakery.link, actor=ada)
... except tenantry.StateRefused as refused:
...     print(refused.code, refused.name)
...     print(refused.remedy)
610 no_customer_owner
have its super admin sign up first

A tenant, a user or a link is looked up by what people have of it.

>>> db.tenant(bakery.tenant).id == bakery.tenant and db.user("ada@northwind.example").id == ada
True

Long lists are read as you go. `rows()` makes dicts of them, `to_pandas()` and `to_polars()` frames, where these are installed.

>>> [row.name for row in db.customers(manager=msp, actor=ada)]
['Bakery Klein']
>>> db.customers(manager=msp, actor=ada).page().next is None
True

`as_of` asks the past: a record's number, or an aware datetime.

>>> bool(db.check(user=ada, permission="devices.manage", tenant=bakery.tenant, as_of=1))
False

A service that checks on every request asks the access index, in nanoseconds.

>>> index = db.access_index()
>>> index.allows(ada, "devices.manage", bakery.tenant)
True

Where to look:

- `open`, `memory`, `restore`, `Database`: the store. `help(tenantry.Database)` lists every command and query.
- `tenantry.model`: ids, words, rows and entities. `tenantry.events`, `tenantry.notices`: what happened, and who must be told.
- `tenantry.permissions`, `tenantry.services`, `tenantry.roles`, `tenantry.management`: the names of the default policy.
- `tenantry.commands`: the commands as data, for `Database.execute` and `Database.execute_all`.
- `tenantry.errors`: what is raised. `tenantry.codes`: every refusal.
- `AccessIndex`: checks in nanoseconds, alone and in batches.

Threads may share a database. A forked child opens its own; what it inherited raises `StoreForked`.
"""

from __future__ import annotations

import os as _os

try:
    from . import _native
except ImportError as _error:
    raise ImportError(
        f"the native part of tenantry cannot be loaded ({_error}); if {__file__} is a checkout, "
        "install it with `pip install ./python` and run from another directory"
    ) from _error
from . import codes, commands, errors, events, management, model, notices, permissions, roles, services
from ._command import ActorLike, Command, Executed, PolicyLike, Request
from ._data import UNSET, AsOf, Data, Id, TypedDevice, Unset
from ._database import Database, diagrams, memory, open, policy, restore
from ._native import AccessIndex, IndexVerdict, PermissionHandle, ServiceHandle, TenantHandle, UserHandle
from ._rows import Page, Rows
from ._sync import CustomerList, RefusedRow, Synced, read_customers, sync_customers
from ._word import Word
from .codes import Code, Trouble
from .errors import (
    CannotOpen,
    Defect,
    Diverged,
    Item,
    Misuse,
    NotAStore,
    OutcomeUnknown,
    Refused,
    RequestRefused,
    RightsRefused,
    StateRefused,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreForked,
    StoreFull,
    StoreReadOnly,
    TenantryError,
    UnknownRefused,
    UnknownSeq,
    ValueRefused,
)
from .model import *

__version__: str = _native.version()

OPERATOR = model.Operator()
"""The platform's own staff, as an actor. `Operator(ticket="…")` cites the support ticket that overrides want."""

CLOCK = model.Clock()
"""Time passing, as an actor."""

# A forked child must not go on with its parent's store; only the child can tell.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_native.forked)

__all__ = [
    "CLOCK",
    "OPERATOR",
    "UNSET",
    "AccessIndex",
    "ActorLike",
    "AsOf",
    "Code",
    "Command",
    "CustomerList",
    "Data",
    "Database",
    "Executed",
    "Id",
    "IndexVerdict",
    "Page",
    "PermissionHandle",
    "PolicyLike",
    "RefusedRow",
    "Request",
    "Rows",
    "ServiceHandle",
    "Synced",
    "TenantHandle",
    "Trouble",
    "TypedDevice",
    "Unset",
    "UserHandle",
    "Word",
    "codes",
    "commands",
    "diagrams",
    "errors",
    "events",
    "management",
    "memory",
    "model",
    "notices",
    "open",
    "permissions",
    "policy",
    "read_customers",
    "restore",
    "roles",
    "services",
    "sync_customers",
]
__all__ += [
    "CannotOpen",
    "Defect",
    "Diverged",
    "Item",
    "Misuse",
    "NotAStore",
    "OutcomeUnknown",
    "Refused",
    "RequestRefused",
    "RightsRefused",
    "StateRefused",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreForked",
    "StoreFull",
    "StoreReadOnly",
    "TenantryError",
    "UnknownRefused",
    "UnknownSeq",
    "ValueRefused",
]
# All of the model. Written by generate.py, to the end of the file.
__all__ += [
    "AccessChangeCount",
    "AccessChangeRow",
    "AccessEvent",
    "AccessWay",
    "ActivatedRole",
    "ActivationRule",
    "Actor",
    "AddedCustomer",
    "AddedServices",
    "AddressChange",
    "AddressChangeRow",
    "AlertRule",
    "AlertRuleRow",
    "ArisingRow",
    "AskedRow",
    "Assignment",
    "AssignmentRow",
    "Attachment",
    "Audience",
    "AuditActor",
    "AuditRow",
    "Authorization",
    "AuthzenApi",
    "Awaited",
    "AwaitedAddress",
    "AwaitedDelink",
    "AwaitedLinkRequest",
    "AwaitedManagerInvitation",
    "AwaitedMove",
    "AwaitedProposal",
    "AwaitingRow",
    "BarredManager",
    "BarredManagerRow",
    "BarredManagerSort",
    "Bearer",
    "BearerDevice",
    "BearerTenant",
    "BearerUser",
    "BuiltinRole",
    "ByOrganisation",
    "ByUser",
    "Clock",
    "Commitment",
    "CompanyName",
    "Contact",
    "Coordinates",
    "CorruptionKind",
    "Country",
    "Csv",
    "CustomerDetails",
    "CustomerRow",
    "CustomerSort",
    "DelinkRequestRow",
    "DeviceId",
    "DeviceRow",
    "Document",
    "EdgeEvents",
    "EligibleRow",
    "Email",
    "EndCause",
    "Ended",
    "Entity",
    "Explanation",
    "ExternalId",
    "ExternalIdRow",
    "FaultFamily",
    "Flawed",
    "FormerEmail",
    "Grounds",
    "Handshake",
    "HandshakeState",
    "Hash",
    "HeldDevice",
    "HeldPermission",
    "Hold",
    "Holds",
    "Integration",
    "IntegrationId",
    "IntegrationName",
    "IntegrationRow",
    "IntegrationSort",
    "IntegrationType",
    "Invitation",
    "InvitationId",
    "InvitationRow",
    "InvitedUser",
    "Invitee",
    "IssueCategory",
    "KeptId",
    "Kind",
    "Licence",
    "LicenceId",
    "LicenceRow",
    "LicenceSort",
    "Link",
    "LinkId",
    "LinkRequest",
    "LinkRequestId",
    "LinkRequestRow",
    "LinkRow",
    "Mail",
    "ManagementRule",
    "ManagementType",
    "ManagerInvitation",
    "ManagerInvitationId",
    "ManagerInvitationRow",
    "ManagerRow",
    "ManagerSort",
    "Move",
    "MoveId",
    "MoveRow",
    "MoveRule",
    "NamedUser",
    "NewAssignment",
    "Notice",
    "Number",
    "OpenedConsole",
    "Operation",
    "Operator",
    "Organisation",
    "OrganisationAccessRow",
    "PageOfDocument",
    "Parsed",
    "ParsedFlaw",
    "ParsedText",
    "Party",
    "Permission",
    "PersonName",
    "Personal",
    "PersonalField",
    "PersonalId",
    "Phone",
    "Pin",
    "PlaceRow",
    "Policy",
    "PolicyVersion",
    "Prefix",
    "PrefixReuse",
    "PrefixReuseImmediate",
    "PrefixReuseNever",
    "PrefixReuseQuarantine",
    "Previewed",
    "PreviewedNotice",
    "Profile",
    "Proposal",
    "ProposalContent",
    "ProposalContentServices",
    "ProposalContentTerm",
    "ProposalContentTerms",
    "ProposalId",
    "ProposalRow",
    "Question",
    "Reason",
    "Rebuilt",
    "Recipients",
    "Record",
    "Reference",
    "Report",
    "RequestId",
    "Requested",
    "ResellerCustomerRow",
    "ResellerRowChange",
    "ResellerSort",
    "ResellerStatus",
    "Restored",
    "ReturnPlace",
    "Role",
    "RoleId",
    "RoleName",
    "RoleRef",
    "RoleRow",
    "RoleRule",
    "Service",
    "Session",
    "SessionId",
    "SessionRow",
    "Stage",
    "Stranger",
    "Street",
    "Subject",
    "SubjectTenant",
    "SubjectUser",
    "SyncRow",
    "SyncState",
    "SyncStep",
    "System",
    "SystemId",
    "Temporary",
    "TemporaryRow",
    "TemporaryRule",
    "Tenant",
    "TenantAccessRow",
    "TenantId",
    "TenantKind",
    "TenantResellerRow",
    "TenantResult",
    "TenantSettings",
    "TenantSummary",
    "Term",
    "TermRequest",
    "TermRule",
    "Terms",
    "TermsOfLink",
    "TextFlaw",
    "TextKind",
    "Ticket",
    "Timestamp",
    "Token",
    "Typed",
    "UploadId",
    "UploadRow",
    "UploadedTo",
    "User",
    "UserAccessRow",
    "UserId",
    "UserOnTenant",
    "UserRow",
    "UserSort",
    "UserState",
    "Verdict",
    "Verification",
    "Website",
    "WhoAsks",
]
