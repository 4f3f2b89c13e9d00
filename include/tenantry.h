/*
 * tenantry: the relationships between managed service providers, their customers and resellers.
 *
 * Generated from ffi/src; a test compares it. Change it there.
 *
 *
 * IN SHORT
 *
 *   tenantry_engine *engine = NULL;
 *   tenantry_error *error = NULL;
 *   tenantry_text reply = {0};
 *   const char call[] = "{\"execute\":{\"actor\":{\"operator\":{}},\"command\":"
 *                       "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"Northwind IT\"}}}";
 *   if (tenantry_open_file(TENANTRY_TEXT("msp.db"), NULL, &engine, &error) == TENANTRY_OK &&
 *       tenantry_call(engine, call, strlen(call), &reply, &error) == TENANTRY_OK)
 *     puts(reply.data);
 *   else
 *     fprintf(stderr, "%s\n", tenantry_error_message(error, NULL));
 *   tenantry_text_free(&reply);
 *   tenantry_error_free(&error);
 *   tenantry_close(&engine);
 *
 * Checks that must cost nanoseconds go to an index, by handles that are looked up once:
 *
 *   tenantry_index *index = NULL;
 *   tenantry_permission_handle manage = 0;
 *   tenantry_verdict verdict;
 *   tenantry_index_open(engine, &index, &error);
 *   tenantry_index_permission(index, TENANTRY_TEXT("devices.manage"), &manage, &error);
 *   tenantry_index_check(index, &user, manage, &tenant, TENANTRY_NO_SERVICE, &verdict);
 *   if (verdict.allowed) ...
 *   tenantry_index_close(&index);
 *
 * Typed functions are for what is hot or simple: opening, checks, lists of ids, tokens. Everything else, every command and
 * every query, goes through tenantry_call() as JSON; tenantry.schema.json, which is installed beside this file, describes it.
 *
 *
 * CONVENTIONS
 *
 * Status. Functions answer with a tenantry_status: 0 is TENANTRY_OK, 1 to 999 are refusals (an expected "no", with a
 *   remedy), 9000 and more are troubles: a misuse, a broken store, a defect. The numbers are listed below and never
 *   change.
 *
 * Errors. The last parameter of most functions is where an error object goes; it may be NULL. It is set on every call,
 *   to NULL where all went well, and what was in it before is not freed. Nothing is kept per thread.
 *
 * Out-parameters are written on every path: where a call fails they are NULL, empty, zero or "no".
 *
 * Text is UTF-8 with a length in bytes. What goes in needs no closing zero and is borrowed for the call; NULL is an
 *   empty text where its length is 0. What comes out has a closing zero besides. TENANTRY_TEXT("literal") is both
 *   arguments of a literal.
 *
 * Ids are 16 bytes, tenantry_id; tenantry_id_parse() reads one as the JSON has it, tenantry_id_write() writes it so.
 *
 * Ownership. What a function gives out is the caller's until the function with the same name and _free takes it back:
 *   tenantry_text, tenantry_error, tenantry_cursor; an engine is taken back by tenantry_close(), an index by
 *   tenantry_index_close(). These take the address of the variable and empty it; NULL is fine, twice is fine. A
 *   `const char *` that a function returns belongs to what it was asked of, or to nobody, and is not freed.
 *
 * Threads. Every function may be called from any thread, with no set-up, and an engine, an index or an error by many
 *   threads at once: `const` on a handle means that the call changes nothing that another call could see;
 *   tenantry_call() without it is no less safe to use concurrently, it waits for its turn to write. Do not free a thing
 *   while another thread uses it: for an engine this is detected (TENANTRY_HANDLE_IN_USE), for the others it is not.
 *
 * Handles. Using or closing an engine or an index that was closed is detected for as long as the process lives
 *   (TENANTRY_HANDLE_CLOSED). A cursor, error or text that was freed through a copy of the pointer is detected until
 *   the allocator uses its address for another of the same kind (TENANTRY_FOREIGN_HANDLE). A pointer to an engine or an
 *   index that never came from the library is detected where it points to memory that can be read; any other wild
 *   pointer is not.
 *
 * Structures that begin with struct_size may grow at their end. All others stay as they are within one ABI version.
 *
 * Panics. A defect in the library ends the call with TENANTRY_PANICKED and nothing else; the process's own panic hook,
 *   if it has Rust in it, is neither replaced nor called less often. C++ exceptions and longjmp must not pass through
 *   the library.
 *
 *
 * PROCESSES
 *
 * fork(). A child must not use an engine of its parent: on a file, every call says TENANTRY_STORE_FORKED and nothing is
 *   read or written; in memory, the child has a copy of its own. Close the parent's engine in the child, which leaves
 *   the parent's file alone, and open another. The child has none of the parent's locks, nor keeps them when the parent
 *   ends. An index goes on answering at the revision it had come to. The library has no threads of its own. As with
 *   malloc(), a child that is forked while other threads are within the library may find a lock held: between fork()
 *   and exec() call nothing of it then.
 *
 * One file, one process, one engine is best; several engines on one file within a process are safe as well.
 *
 * A second copy of SQLite. The library has an SQLite of its own inside and exports nothing of it, so the host may have
 *   another, of any version. On Linux (x86-64, ARM64) the two may have the store's file open at once in one process, as
 *   may two copies of this library: its locks are those of the open file description, which nobody else's close()
 *   drops. Elsewhere, do not open the store's file by other means in a process that has it open here. Other processes
 *   may at any time. See ffi/SQLITE.md.
 */

#ifndef TENANTRY_H
#define TENANTRY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A text of the program, where a text and its length are asked for. Anything but a literal does not compile: the size of a pointer is
 * not the length of what it points to. */
#define TENANTRY_TEXT(literal) ("" literal ""), sizeof(literal) - 1

/** A text with a closing zero, where a text and its length are asked for. It is evaluated twice. */
#define TENANTRY_STRING(text) (text), strlen(text)

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of statuses --------------------------------------------------- */

enum {
  /** Done. */
  TENANTRY_OK = 0,
  /** request id `...` was used before for another command; make a new id for a new command. */
  TENANTRY_REQUEST_REUSED = 1,
  /** the journal has moved on to seq ...; read again, then decide again. */
  TENANTRY_STALE_SEQ = 2,
  /** this machine's clock is behind the journal, whose last record is of ...; set the clock right and try again. */
  TENANTRY_CLOCK_BEHIND = 3,
  /** this machine's clock says ..., which is far ahead of the journal; set the clock right; where it is right, sweep once accepting the clock. */
  TENANTRY_CLOCK_AHEAD = 4,
  /** there is no user `...`; check the user's id. (P-1) */
  TENANTRY_UNKNOWN_USER = 101,
  /** user `...` is invited, blocked or removed, or their home tenant is disabled or deleted; ask an admin of the home tenant, or the operator where the home tenant itself is disabled or deleted. (P-1) */
  TENANTRY_USER_NOT_ACTIVE = 102,
  /** this command is not for ...; send it as the actor its documentation names. (U-4) */
  TENANTRY_WRONG_ACTOR = 103,
  /** an override of ... needs a support ticket; cite the ticket in the operator's actor. (L-6) */
  TENANTRY_TICKET_REQUIRED = 104,
  /** there is no tenant `...`; check the id or number, and that you may see the tenant. (T-9) */
  TENANTRY_UNKNOWN_TENANT = 201,
  /** there is no link `...`; check the id, and that you are on one of its sides. (T-9) */
  TENANTRY_UNKNOWN_LINK = 202,
  /** there is no link request `...`; check the id, and that you are on one of its sides. (L-3) */
  TENANTRY_UNKNOWN_LINK_REQUEST = 203,
  /** there is no invitation `...`; check the id, and that it is yours to answer or take back. (U-2) */
  TENANTRY_UNKNOWN_INVITATION = 204,
  /** there is no user `...`; check the id, and that you may see the user's home tenant. (U-4) */
  TENANTRY_NO_SUCH_USER = 205,
  /** there is no role `...` here; use a built-in role, or one of the user's home tenant or of the tenant itself. (P-9) */
  TENANTRY_UNKNOWN_ROLE = 206,
  /** there is no move `...`; check the id, and that you are on one of its sides. (V-7) */
  TENANTRY_UNKNOWN_MOVE = 207,
  /** there is no integration `...`; check the id, and that you may see its owner. (I-1) */
  TENANTRY_UNKNOWN_INTEGRATION = 208,
  /** there is no licence `...`; check the id, and that you may see the tenant it serves. (C-1) */
  TENANTRY_UNKNOWN_LICENCE = 209,
  /** there is no console session `...` of yours; open the console again. (S-1) */
  TENANTRY_UNKNOWN_SESSION = 210,
  /** there is no upload `...`; check the id, and that the upload is your own. (V-10) */
  TENANTRY_UNKNOWN_UPLOAD = 211,
  /** there is no device `...` in the upload; name devices that are left of it. (V-10) */
  TENANTRY_UNKNOWN_DEVICE = 212,
  /** there is no proposal `...`; check the id, and that you are on one of its link's sides. (L-3) */
  TENANTRY_UNKNOWN_PROPOSAL = 213,
  /** there is no invitation `...` of a manager; check the id, and that you are on one of its sides. (L-10) */
  TENANTRY_UNKNOWN_MANAGER_INVITATION = 214,
  /** there is no such id of the system `...` here; check the system, the id and whose it is to keep, and that you may see what it leads to. */
  TENANTRY_UNKNOWN_EXTERNAL_ID = 215,
  /** tenant `...` is disabled or on its way up; have it enabled by whoever disabled it, and wait until the host reports it ready where the policy says that it does. (T-5) */
  TENANTRY_TENANT_DISABLED = 301,
  /** the user's home neither is tenant `...` nor manages it; link the tenant first. (P-3) */
  TENANTRY_NOT_LINKED = 302,
  /** tenant `...` is fully managed and its own users are locked out; ask the manager, or have the link converted to jointly managed. (P-4) */
  TENANTRY_CUSTOMER_LOCKED = 303,
  /** the service is not on every link between the user's home and tenant `...`; add the service to the links. (P-5) */
  TENANTRY_SERVICE_NOT_MANAGED = 304,
  /** on tenant `...` this can never be a manager's; ask the customer's own people to do it. (P-6) */
  TENANTRY_RESERVED_FOR_CUSTOMER = 305,
  /** tenant `...` has not granted this to its manager; ask the customer's super admin for the grant or, where it is newer than the link, to accept the terms of today. (P-7) */
  TENANTRY_NOT_GRANTED = 306,
  /** no role of the user reaches tenant `...`; have a role assigned there or above, covering the tenants below. (P-8) */
  TENANTRY_NO_ASSIGNMENT = 307,
  /** the user's role on tenant `...` does not hold the permission; have a role assigned that holds it. (P-8) */
  TENANTRY_ROLE_LACKS_PERMISSION = 308,
  /** through `...` somebody would hold permissions that you do not hold there yourself; give a smaller role, or give it without the tenants below (`below: false`), or ask somebody who holds them. (U-4) */
  TENANTRY_BEYOND_OWN_RIGHTS = 309,
  /** only a super admin makes or unmakes a super admin, which is what happens through `...`; ask a super admin of the tenant. (U-4) */
  TENANTRY_SUPER_ADMIN_ONLY = 310,
  /** the policy contradicts itself: ...; mend what is listed and send the whole policy again. (P-13) */
  TENANTRY_INVALID_POLICY = 401,
  /** the policy takes away what is in use: ...; keep it, or end its uses first. (P-13) */
  TENANTRY_POLICY_IN_USE = 402,
  /** the ... are empty; name at least one. (T-6) */
  TENANTRY_EMPTY_BATCH = 403,
  /** `...` is named more than once; name it once. (T-6) */
  TENANTRY_DUPLICATE_ITEM = 404,
  /** the policy has no management type `...`; use one that the policy defines. (P-13) */
  TENANTRY_UNKNOWN_MANAGEMENT_TYPE = 405,
  /** a link needs at least one service...; name a service that the policy offers. (L-6) */
  TENANTRY_NO_SERVICES = 406,
  /** the policy offers no service `...`; use one that the policy offers. (L-6) */
  TENANTRY_UNKNOWN_SERVICE = 407,
  /** the policy has no permission `...`; use one that the policy defines. (P-13) */
  TENANTRY_UNKNOWN_PERMISSION = 408,
  /** permission `...` cannot be granted to a manager; grant only what the policy lists as grantable. (P-7) */
  TENANTRY_NOT_GRANTABLE = 409,
  /** permission `...` belongs to the super admin's role alone; leave it out of the role. (P-14) */
  TENANTRY_SUPER_ONLY_PERMISSION = 410,
  /** the policy wants every link to have an end...; say after how many days it ends, or when. (L-9) */
  TENANTRY_TERM_REQUIRED = 411,
  /** a term of ... days is outside what the policy allows; choose 1 day up to the policy's longest term. (L-9) */
  TENANTRY_TERM_TOO_LONG = 412,
  /** tenant `...` needs a super admin of its own to be managed so; name whom to invite as owner. (L-1) */
  TENANTRY_OWNER_REQUIRED = 413,
  /** tenant `...` would lock out the owner it invites; leave the owner out. (L-1) */
  TENANTRY_OWNER_NOT_ALLOWED = 414,
  /** deleting wants the confirmation `delete`, not `...`; type delete, in small letters and nothing else. (T-7) */
  TENANTRY_NOT_CONFIRMED = 415,
  /** the command changes nothing about `...`; name at least one change. (T-2) */
  TENANTRY_NOTHING_TO_DO = 416,
  /** ... devices are more than one command takes; send at most 10000 at a time. (V-2) */
  TENANTRY_TOO_MANY_DEVICES = 417,
  /** ... (no device id); give an IMEI, a MEID or a serial number as the device shows it. (V-2) */
  TENANTRY_INVALID_DEVICE = 418,
  /** the policy has no issue category `...`; use one that the policy defines. */
  TENANTRY_UNKNOWN_CATEGORY = 419,
  /** a licence cannot have ... seats; buy 1 to 1000000 seats. (C-1) */
  TENANTRY_INVALID_SEATS = 420,
  /** ... has passed already; give a moment that lies ahead, or none. (C-1) */
  TENANTRY_INVALID_EXPIRY = 421,
  /** the cursor... is not of this list, filter and order; begin the list again without a cursor. */
  TENANTRY_FOREIGN_CURSOR = 422,
  /** a page cannot have ... rows; ask for 1 to 1000 rows. */
  TENANTRY_INVALID_LIMIT = 423,
  /** the nil id names nothing...; make a new id, or leave it out. (T-10) */
  TENANTRY_NIL_ID = 424,
  /** ... has not come yet and cannot be looked back on; ask about a moment that has passed, or leave it out to ask about now. */
  TENANTRY_MOMENT_AHEAD = 425,
  /** a text of ... bytes is more than a list is searched for; look for at most 200 characters. */
  TENANTRY_TEXT_TOO_LONG = 426,
  /** domain prefix `...` is kept for the platform; choose another prefix. (T-3) */
  TENANTRY_PREFIX_RESERVED = 427,
  /** a term is given either by days or by a moment...; name one of `days` and `expires_at`. (L-9) */
  TENANTRY_TERM_UNCLEAR = 428,
  /** ... has passed already, or is no later than the end that the link has; name a later moment, or more days. (L-9) */
  TENANTRY_END_NOT_LATER = 429,
  /** what a command would lead to is told of the present, and it was asked of the past; leave the moment out. */
  TENANTRY_MOMENT_PASSED = 430,
  /** a role on tenant `...` needs an end: it has a beginning, or the policy says so; say when it ends. */
  TENANTRY_END_REQUIRED = 441,
  /** ... has passed already; name an end that lies ahead. */
  TENANTRY_END_PASSED = 442,
  /** what begins at ... would have ended by then; name a beginning before the end, or none to begin now. */
  TENANTRY_ENDS_BEFORE_IT_BEGINS = 443,
  /** ... lies further ahead than a role for a while may last by the policy, or by what is activated; name an earlier end, and give it again before that. */
  TENANTRY_END_TOO_FAR = 444,
  /** a role is not activated for ... minutes: the policy says how few and how many there may be; say so many minutes as the policy allows. */
  TENANTRY_ACTIVATION_LENGTH = 445,
  /** the id `...` has been used before, be it for something else; make a new id, or leave it out. (T-10) */
  TENANTRY_ID_TAKEN = 501,
  /** number `...` belongs to a tenant, living or deleted; choose another number, or leave it out. (T-7) */
  TENANTRY_NUMBER_TAKEN = 502,
  /** domain prefix `...` belongs to another tenant; choose another prefix. (T-3) */
  TENANTRY_PREFIX_TAKEN = 503,
  /** domain prefix `...` was given back and is not free again; choose another prefix, or wait until its quarantine ends. (T-3) */
  TENANTRY_PREFIX_RESTING = 504,
  /** tenant `...` is on its way up; wait until the host reports it ready. (T-5) */
  TENANTRY_TENANT_ENABLING = 505,
  /** tenant `...` is not on its way up; enable it first. (T-5) */
  TENANTRY_TENANT_NOT_ENABLING = 506,
  /** tenant `...` manages living tenants; delete or delink those first, or delete with cascade. (T-7) */
  TENANTRY_HAS_MANAGED_TENANTS = 507,
  /** a delink request of tenant `...` awaits its answer; have it answered or taken back first. (T-7) */
  TENANTRY_DELINK_PENDING = 508,
  /** tenant `...` is jointly managed and has an active admin of its own, or is managed by others as well; delink it instead. (T-7) */
  TENANTRY_DELINK_FIRST = 509,
  /** tenant `...` has links, or as a reseller a list or uploads, that its new kind does not allow; end those links and take off the list what is there without uploads; with uploads, register another tenant of that kind. (T-1) */
  TENANTRY_KIND_CONFLICT = 510,
  /** tenant `...` is kept disabled by somebody else; ask whoever disabled it to enable it. (T-5) */
  TENANTRY_HELD_BY_OTHERS = 511,
  /** they have been asked and reminded as often as the policy allows in a day; it works again from ...; wait until then, or for the answer. (L-3) */
  TENANTRY_TOO_MANY_REQUESTS = 512,
  /** tenant `...` is neither who would keep the id nor its customer; keep ids for your own organisation and for those that it manages by a link of its own; a customer that has moved to another manager has none here any longer. */
  TENANTRY_NOT_ITS_CUSTOMER = 581,
  /** the id already leads to ...; remove it there first, or check what the other system calls this one. */
  TENANTRY_EXTERNAL_ID_TAKEN = 582,
  /** ... has as many ids as one organisation can keep for it; remove one that is no longer used. */
  TENANTRY_TOO_MANY_EXTERNAL_IDS = 583,
  /** user `...` is not asked to confirm an address, or no longer; ask for the change anew. (U-1) */
  TENANTRY_ADDRESS_NOT_PENDING = 589,
  /** the change of the address of user `...` was not confirmed in time; ask for the change anew. (U-1) */
  TENANTRY_ADDRESS_EXPIRED = 590,
  /** link request `...` has been answered or taken back; make a new request. (L-3) */
  TENANTRY_LINK_REQUEST_NOT_PENDING = 591,
  /** link request `...` has expired; make a new request. (L-3) */
  TENANTRY_LINK_REQUEST_EXPIRED = 592,
  /** move `...` has been answered or taken back; move again. (V-7) */
  TENANTRY_MOVE_NOT_PENDING = 593,
  /** move `...` has expired; move again. (V-7) */
  TENANTRY_MOVE_LAPSED = 594,
  /** proposal `...` has been answered or taken back, or has ended with its link; propose it anew. (L-3) */
  TENANTRY_PROPOSAL_NOT_PENDING = 595,
  /** proposal `...` has expired; propose it anew. (L-3) */
  TENANTRY_PROPOSAL_EXPIRED = 596,
  /** invitation `...` of a manager has been answered or taken back; have the customer invite the MSP again. (L-10) */
  TENANTRY_MANAGER_INVITATION_NOT_PENDING = 597,
  /** invitation `...` of a manager has expired; have the customer invite the MSP again. (L-10) */
  TENANTRY_MANAGER_INVITATION_EXPIRED = 598,
  /** tenant `...` has to invite a manager before it can be asked; have the tenant's super admin invite the manager by its number. (L-10) */
  TENANTRY_NOT_INVITED = 600,
  /** tenant `...` cannot manage itself; name another tenant. (L-8) */
  TENANTRY_SELF_LINK = 601,
  /** tenant `...` is no MSP and manages nobody; link it under an MSP. (L-8) */
  TENANTRY_CANNOT_MANAGE = 602,
  /** tenant `...` is a reseller and is managed by nobody; have the reseller add its customers instead. (L-8) */
  TENANTRY_CANNOT_BE_MANAGED = 603,
  /** tenant `...` is already managed by this manager; work with the link there is. (L-2) */
  TENANTRY_ALREADY_LINKED = 604,
  /** tenant `...` already manages the manager, directly or through others; choose another manager. (L-8) */
  TENANTRY_LINK_CYCLE = 605,
  /** linking tenant `...` would make a chain longer than the policy allows; link it higher up. (L-8) */
  TENANTRY_TOO_DEEP = 606,
  /** tenant `...` has as many managers as the policy allows; have it delink one first. (L-7) */
  TENANTRY_TOO_MANY_MANAGERS = 607,
  /** tenant `...` has or would have a manager that tolerates no other; have the other link ended first, or choose another management type. (L-7) */
  TENANTRY_EXCLUSIVE_LINK = 608,
  /** another manager of tenant `...` already manages one of the services; leave that service out. (L-7) */
  TENANTRY_SERVICES_OVERLAP = 609,
  /** tenant `...` has no active super admin who could answer; have its super admin sign up first. (L-2) */
  TENANTRY_NO_CUSTOMER_OWNER = 610,
  /** tenant `...` has been asked before and has not answered; remind it, or take the request back. (L-2) */
  TENANTRY_LINK_ALREADY_REQUESTED = 611,
  /** tenant `...` cannot be asked for this; ask the tenant itself, or the operator, who is told why. (T-8) */
  TENANTRY_CANNOT_BE_ASKED = 612,
  /** link `...` has ended; link the tenants again. (D-7) */
  TENANTRY_LINK_ENDED = 614,
  /** link `...` cannot be converted to that management type; delink the customer, then link again with the type you want. (L-5) */
  TENANTRY_NOT_CONVERTIBLE = 615,
  /** a service cannot be removed from link `...`; delink and link again without it, or open a support ticket. (L-6) */
  TENANTRY_SERVICE_REMOVAL = 616,
  /** service `...` is not on the link; name a service that is. (L-6) */
  TENANTRY_SERVICE_NOT_ON_LINK = 617,
  /** service `...` is the only one on the link; delink instead, or add another service first. (L-6) */
  TENANTRY_LAST_SERVICE = 618,
  /** link `...` has no end that could be extended; leave it as it is. (L-9) */
  TENANTRY_NO_TERM = 619,
  /** tenant `...` has an active super admin of its own; ask them to invite others. (L-1) */
  TENANTRY_OWNER_PRESENT = 620,
  /** tenant `...` has been sent a sign-up already; resend or revoke that one. (L-1) */
  TENANTRY_OWNER_INVITED = 621,
  /** the same has been proposed on link `...` before and has not been answered; remind the other side, or take that proposal back. (L-3) */
  TENANTRY_ALREADY_PROPOSED = 622,
  /** MSP `...` has been invited before and has not answered; remind it, or take the invitation back. (L-10) */
  TENANTRY_MANAGER_ALREADY_INVITED = 623,
  /** MSP `...` has been barred from asking; have the tenant that barred it let it ask again. (L-10) */
  TENANTRY_MANAGER_BARRED = 624,
  /** tenant `...` has barred as many MSPs as it can; let others ask again first, or take only invited managers by the policy. (L-10) */
  TENANTRY_TOO_MANY_BARRED = 625,
  /** link `...` is fully managed and cannot be delinked; convert it to jointly managed first. (D-1) */
  TENANTRY_NOT_DELINKABLE = 701,
  /** the policy lets only managers ask to delink `...`; ask the manager to start it. (D-4) */
  TENANTRY_DELINK_NOT_OFFERED = 702,
  /** a delink of link `...` has been requested by you before; remind the other side, or take the request back. (D) */
  TENANTRY_ALREADY_REQUESTED = 703,
  /** nobody has asked to delink link `...`; request the delink first. (D) */
  TENANTRY_NO_DELINK_REQUEST = 704,
  /** the delink request of link `...` is your own and the other side answers it; wait, remind them, or take it back. (D) */
  TENANTRY_OWN_REQUEST = 705,
  /** the delink request of link `...` is the other side's; accept or reject it. (D) */
  TENANTRY_NOT_YOUR_REQUEST = 706,
  /** the delink request of link `...` completes by itself once its notice period is over; agree to it earlier, or have the side that asked take it back. (D-8) */
  TENANTRY_NOTICE_RUNNING = 707,
  /** `...` was sent to another address; sign in with the address it was sent to. (U-2) */
  TENANTRY_OTHER_ADDRESS = 801,
  /** invitation `...` has been answered or taken back; ask for a new one. (U-2) */
  TENANTRY_INVITATION_NOT_PENDING = 802,
  /** the address already belongs to a user of tenant `...`; assign that user a role instead. (U-2) */
  TENANTRY_ALREADY_MEMBER = 803,
  /** invitation `...` has expired; ask for a new one. (U-2) */
  TENANTRY_INVITATION_EXPIRED = 804,
  /** the address has been invited to tenant `...` and has not answered; resend or revoke that invitation. (U-2) */
  TENANTRY_ALREADY_INVITED = 805,
  /** the address belongs to a user of another tenant...; use another address, or have that user removed first. (U-1) */
  TENANTRY_EMAIL_TAKEN = 806,
  /** user `...` is not in a state that allows this; look at the user's state. (U-3) */
  TENANTRY_USER_STATE_CONFLICT = 807,
  /** tenant `...` would be left without an active super admin; make somebody else super admin first. (U-3) */
  TENANTRY_LAST_SUPER_ADMIN = 808,
  /** user's home does not manage tenant `...`; assign users at home or on tenants their home manages. (U-4) */
  TENANTRY_OUT_OF_REACH = 809,
  /** the user has no role on tenant `...`; nothing needs to be taken away there. (P-11) */
  TENANTRY_NOT_ASSIGNED = 810,
  /** the tenant has a role named `...`; choose another name. (P-9) */
  TENANTRY_ROLE_NAME_TAKEN = 811,
  /** role `...` is assigned or offered in an invitation; assign other roles first. (P-9) */
  TENANTRY_ROLE_IN_USE = 812,
  /** user `...` is not removed and still needs their address; remove the user first. (U-5) */
  TENANTRY_USER_NOT_REMOVED = 813,
  /** as many roles as there can be lie over each other for the user on tenant `...`; take one of them away first, or wait until one ends. */
  TENANTRY_TOO_MANY_TEMPORARIES = 821,
  /** there is nothing on tenant `...` that you may activate now with that role; look at what you are eligible for, and from when on. */
  TENANTRY_NOT_ELIGIBLE = 822,
  /** tenant `...` is no reseller; name a reseller. (V-1) */
  TENANTRY_NOT_A_RESELLER = 901,
  /** tenant `...` takes no devices that way; upload to a customer or an MSP, and move to a customer. (V-1) */
  TENANTRY_CANNOT_RECEIVE = 902,
  /** the reseller has added tenant `...` before; work with the row there is. (V-1) */
  TENANTRY_ALREADY_ADDED = 903,
  /** the reseller has not added tenant `...`; have the reseller add it by its number first. (V-1) */
  TENANTRY_NOT_ADDED = 904,
  /** tenant `...` has dropped the reseller; ask the tenant to take the reseller back. (V-1) */
  TENANTRY_RESELLER_DROPPED = 905,
  /** tenant `...` has not dropped the reseller; nothing needs to be taken back. (V-1) */
  TENANTRY_RESELLER_NOT_DROPPED = 906,
  /** device `...` is named more than once; name it once. (V-2) */
  TENANTRY_DUPLICATE_DEVICE = 907,
  /** device `...` is held by a tenant already; leave it out, or have its holder delete it first. (V-2) */
  TENANTRY_DEVICE_HELD = 908,
  /** device `...` is not held by the tenant; leave it out. (V-7) */
  TENANTRY_DEVICE_NOT_IN_POOL = 909,
  /** device `...` is in a move that awaits its answer; have the move answered or taken back first. (V-7) */
  TENANTRY_DEVICE_MOVING = 910,
  /** device `...` has a licence seat; release the seat first. (V-9) */
  TENANTRY_DEVICE_SEATED = 911,
  /** device `...` has no seat of this licence; leave it out. (C-1) */
  TENANTRY_DEVICE_NOT_SEATED = 912,
  /** devices are not moved to tenant `...` as it is managed; have the reseller upload to the customer directly. (V-7) */
  TENANTRY_MOVE_REFUSED = 913,
  /** the integration is attached at tenant `...` already; nothing needs to be shared there. (I-1) */
  TENANTRY_ALREADY_ATTACHED = 916,
  /** the integration is not attached at tenant `...`; nothing needs to be detached there. (I-1) */
  TENANTRY_NOT_ATTACHED = 917,
  /** licence `...` has too few free seats; release seats, or buy another licence. (C-1) */
  TENANTRY_TOO_FEW_SEATS = 918,
  /** licence `...` has run out; buy another one. (C-1) */
  TENANTRY_LICENCE_EXPIRED = 919,
  /** console session `...` is closed; open the console again. (S-1) */
  TENANTRY_SESSION_CLOSED = 920,
  /** `...` cannot be withdrawn any more; leave it out, or ask whoever it was uploaded to to delete it. (V-10) */
  TENANTRY_CANNOT_BE_WITHDRAWN = 921,
  /** uploads of the reseller are shown as tenant `...`; withdraw them first, as long as that is possible. (V-1) */
  TENANTRY_HAS_UPLOADS = 922,
  /** the ids `...` are of two devices that the reseller has uploaded; check what the devices show, and leave out what is there already. (V-2) */
  TENANTRY_DEVICE_IDS_CONFLICT = 923,
  /** the document is not JSON; send one JSON document. */
  TENANTRY_MALFORMED_JSON = 9001,
  /** the call is not as it should be; put it right; the documentation of the call, or its JSON Schema, says what it takes. */
  TENANTRY_INVALID_REQUEST = 9002,
  /** the document is too large; send less at a time. */
  TENANTRY_DOCUMENT_TOO_LARGE = 9003,
  /** the document is nested too deep; compare it with the JSON Schema that comes with the library. */
  TENANTRY_DOCUMENT_TOO_DEEP = 9004,
  /** a member of an object is named twice; name it once. */
  TENANTRY_REPEATED_MEMBER = 9005,
  /** other writers kept the store for too long; try again, or allow more time. */
  TENANTRY_STORE_BUSY = 9101,
  /** the file cannot be opened or created; check the path and the permissions of the file and its directory. */
  TENANTRY_CANNOT_OPEN = 9102,
  /** the file is not a tenantry store; choose another path, the file was left as it is. */
  TENANTRY_NOT_A_STORE = 9103,
  /** the file was written by a newer tenantry; use a newer tenantry, the file was left as it is. */
  TENANTRY_NEWER_FORMAT = 9104,
  /** the store is damaged; restore a backup, and keep the damaged files for inspection. */
  TENANTRY_STORE_DAMAGED = 9105,
  /** the store is full; make room or raise the limit, then try again. */
  TENANTRY_STORE_FULL = 9106,
  /** the store is read-only; open it for writing. */
  TENANTRY_STORE_READ_ONLY = 9107,
  /** it is not known whether the commit happened; send the same request id again to learn it. */
  TENANTRY_OUTCOME_UNKNOWN = 9108,
  /** this store was opened before the process was forked; open it again in the child. */
  TENANTRY_STORE_FORKED = 9109,
  /** there is no such revision; name one that the journal has come to. */
  TENANTRY_UNKNOWN_SEQ = 9110,
  /** the store failed; read what the system says, mend that, and try again. */
  TENANTRY_STORE_FAILED = 9111,
  /** the token is not of this store's history; read again from the start, and find out who restored the store. */
  TENANTRY_DIVERGED = 9112,
  /** the rows could not be written; see to the output and ask again. */
  TENANTRY_OUTPUT_FAILED = 9113,
  /** the file is not as it was opened; see to it that the right file stands there, close it and open it again. */
  TENANTRY_STORE_MOVED = 9114,
  /** the log does not belong to the file beside it; put back the two that belong together, or remove the log where the file was put there by hand. */
  TENANTRY_FOREIGN_LOG = 9115,
  /** the file's log is not finished, and nothing can be written there; open it once for writing, or copy the file and its log to where that can be done. */
  TENANTRY_UNFINISHED_LOG = 9116,
  /** the file is in use; close it everywhere, then try again. */
  TENANTRY_STORE_IN_USE = 9117,
  /** something is where something else was to be put; choose another path, or move away what is there. */
  TENANTRY_PATH_TAKEN = 9118,
  /** the file is a backup; restore it, or open it for reading only. */
  TENANTRY_IS_BACKUP = 9119,
  /** the store is in memory; open one in a file. */
  TENANTRY_NO_FILE = 9120,
  /** the connection takes no command; begin a transaction on it, with `synchronous` at FULL, and let no other statement write meanwhile. */
  TENANTRY_NOT_READY = 9121,
  /** a pointer is null that may not be; pass what the function's documentation asks for. */
  TENANTRY_NULL_POINTER = 9201,
  /** a length is larger than any object can be; pass the length in bytes, without a closing zero. */
  TENANTRY_BAD_LENGTH = 9202,
  /** a text is not UTF-8; convert it before the call. */
  TENANTRY_NOT_UTF8 = 9203,
  /** a text is not well formed; write it as its documentation says. */
  TENANTRY_BAD_TEXT = 9204,
  /** the handle was closed or freed before; use it only between its opening and its closing, and close it once. */
  TENANTRY_HANDLE_CLOSED = 9205,
  /** this is no handle of that kind, or not of this engine; pass one that the library gave out for it. */
  TENANTRY_FOREIGN_HANDLE = 9206,
  /** another thread is within a call on the handle; wait for it, then close. */
  TENANTRY_HANDLE_IN_USE = 9207,
  /** a structure's size is none that this library knows; set it with sizeof, and match the header to the library. */
  TENANTRY_BAD_STRUCT_SIZE = 9208,
  /** a flag is set that this library does not know; match the header to the library. */
  TENANTRY_UNKNOWN_FLAG = 9209,
  /** tenantry has a defect and stopped within this call; report it with what was called; other calls go on. */
  TENANTRY_PANICKED = 9901
};

/* Names, as the JSON has them ----------------------------------------------- */

/** Permissions of the default policy. */
#define TENANTRY_PERMISSION_ALERTS_MANAGE "alerts.manage"
#define TENANTRY_PERMISSION_ALERTS_VIEW "alerts.view"
#define TENANTRY_PERMISSION_AUDIT_VIEW "audit.view"
#define TENANTRY_PERMISSION_CONSOLE_OPEN "console.open"
#define TENANTRY_PERMISSION_CUSTOMERS_ADD "customers.add"
#define TENANTRY_PERMISSION_CUSTOMERS_DELINK "customers.delink"
#define TENANTRY_PERMISSION_CUSTOMERS_LIST "customers.list"
#define TENANTRY_PERMISSION_DEVICES_GROUP_MANAGER "devices.group_manager"
#define TENANTRY_PERMISSION_DEVICES_MANAGE "devices.manage"
#define TENANTRY_PERMISSION_DEVICES_VIEW "devices.view"
#define TENANTRY_PERMISSION_GRANTS_MANAGE "grants.manage"
#define TENANTRY_PERMISSION_GROUPS_MANAGE "groups.manage"
#define TENANTRY_PERMISSION_INTEGRATIONS_MANAGE "integrations.manage"
#define TENANTRY_PERMISSION_INTEGRATIONS_VIEW "integrations.view"
#define TENANTRY_PERMISSION_LICENCES_MANAGE "licences.manage"
#define TENANTRY_PERMISSION_LICENCES_VIEW "licences.view"
#define TENANTRY_PERMISSION_LINK_RESPOND "link.respond"
#define TENANTRY_PERMISSION_LOCATION_VIEW "location.view"
#define TENANTRY_PERMISSION_PERSONAL_ERASE "personal.erase"
#define TENANTRY_PERMISSION_ROLES_MANAGE "roles.manage"
#define TENANTRY_PERMISSION_TENANT_DELETE "tenant.delete"
#define TENANTRY_PERMISSION_TENANT_EDIT "tenant.edit"
#define TENANTRY_PERMISSION_TENANT_OPERATE "tenant.operate"
#define TENANTRY_PERMISSION_TENANT_VIEW "tenant.view"
#define TENANTRY_PERMISSION_USERS_MANAGE "users.manage"
#define TENANTRY_PERMISSION_USERS_VIEW "users.view"

/** Services of the default policy. */
#define TENANTRY_SERVICE_ASSET_INTELLIGENCE "asset-intelligence"
#define TENANTRY_SERVICE_CONFIGURE "configure"
#define TENANTRY_SERVICE_ENROLLMENT "enrollment"
#define TENANTRY_SERVICE_MANAGE "manage"

/** Roles of the default policy. */
#define TENANTRY_ROLE_SUPER_ADMIN "super_admin"
#define TENANTRY_ROLE_ADMIN "admin"
#define TENANTRY_ROLE_READ_ONLY "read_only"
#define TENANTRY_ROLE_NO_ACCESS "no_access"

/** Management types of the default policy. */
#define TENANTRY_MANAGEMENT_FULLY "fully"
#define TENANTRY_MANAGEMENT_JOINTLY "jointly"

/** The policies that come with the library. */
#define TENANTRY_POLICY_DEFAULT "default"
#define TENANTRY_POLICY_CLIENTS "clients"
#define TENANTRY_POLICY_DELEGATED "delegated"

/** Kinds of tenant. */
#define TENANTRY_KIND_MSP "msp"
#define TENANTRY_KIND_CUSTOMER "customer"
#define TENANTRY_KIND_RESELLER "reseller"

/** Whether a tenant can be worked on. */
#define TENANTRY_OPERATION_ENABLED "enabled"
#define TENANTRY_OPERATION_DISABLED "disabled"
#define TENANTRY_OPERATION_ENABLING "enabling"

/** How far a link has come. */
#define TENANTRY_STAGE_ACTIVE "active"
#define TENANTRY_STAGE_DELINK_REQUESTED_BY_MANAGER "delink_requested_by_manager"
#define TENANTRY_STAGE_DELINK_REQUESTED_BY_CUSTOMER "delink_requested_by_customer"
#define TENANTRY_STAGE_DELINKED "delinked"

/** The sides of a link. */
#define TENANTRY_PARTY_MANAGER "manager"
#define TENANTRY_PARTY_CUSTOMER "customer"

/** Where a handshake stands. */
#define TENANTRY_HANDSHAKE_PENDING "pending"
#define TENANTRY_HANDSHAKE_ACCEPTED "accepted"
#define TENANTRY_HANDSHAKE_DECLINED "declined"
#define TENANTRY_HANDSHAKE_CANCELED "canceled"
#define TENANTRY_HANDSHAKE_REVOKED "revoked"
#define TENANTRY_HANDSHAKE_EXPIRED "expired"
#define TENANTRY_HANDSHAKE_WITHDRAWN "withdrawn"

/** Where a user stands. */
#define TENANTRY_USER_INVITED "invited"
#define TENANTRY_USER_ACTIVE "active"
#define TENANTRY_USER_BLOCKED "blocked"
#define TENANTRY_USER_REMOVED "removed"

/* Versions ------------------------------------------------------------------ */

/**
 * The ABI that a program was compiled for: grows when a program compiled before could not go on. It is the number at
 * the end of the shared library's soname.
 */
#define TENANTRY_ABI_VERSION 0

/**
 * The ABI of the library that is loaded. It must equal `TENANTRY_ABI_VERSION`.
 *
 * Safe to call at any time, from any thread.
 */
uint32_t tenantry_abi_version(void);

/**
 * The version of the library that is loaded, such as "0.1.0": text with a closing zero that is never freed.
 *
 * Safe to call at any time, from any thread.
 */
const char *tenantry_version(void);

/**
 * How many things the library has given out that have not been closed or freed: engines, indexes, cursors, errors and texts.
 * For tests that look for leaks.
 *
 * Safe to call at any time, from any thread.
 */
size_t tenantry_live_objects(void);

/* Statuses and errors ------------------------------------------------------- */

/**
 * Why a call failed, for those who ask: pass the address of a pointer as the last argument, or null. It is null
 * after a call that went well; after any other it is the caller's until `tenantry_error_free`.
 */
typedef struct tenantry_error tenantry_error;

/**
 * What became of a call: `TENANTRY_OK`, a refusal's number from 1 to 999, or the number of another trouble from 9000 on.
 * Numbers and names never change and are never used again.
 */
typedef int32_t tenantry_status;

/**
 * The name of a status, such as "not_delinkable"; "" for a number that is none.
 *
 * The text has a closing zero and is never freed. Safe to call at any time, from any thread.
 */
const char *tenantry_status_name(tenantry_status status);

/** What a status means in general; in a refusal's, "{}" is the thing it is about. As `tenantry_status_name`. */
const char *tenantry_status_message(tenantry_status status);

/** What to do about a status. As `tenantry_status_name`. */
const char *tenantry_status_remedy(tenantry_status status);

/** The rule that a refusal comes from, such as "D-1"; "" for any other status. As `tenantry_status_name`. */
const char *tenantry_status_rule(tenantry_status status);

/**
 * The error's status. `TENANTRY_OK` for null, `TENANTRY_FOREIGN_HANDLE` for what is no error or has been freed.
 *
 * Safe to call from any thread, as are all functions that take a const error.
 */
tenantry_status tenantry_error_status(const tenantry_error *error);

/**
 * What stands in the way, in words.
 *
 * The text is UTF-8 with a closing zero; it belongs to the error and lasts as long as the error does. `length` may be null;
 * else it is set to the bytes before the closing zero. For null, or what is no error, the text is "".
 */
const char *tenantry_error_message(const tenantry_error *error,
                                   size_t *length);

/** What the refusal is about: an id, a name or a value; else "". As `tenantry_error_message`. */
const char *tenantry_error_about(const tenantry_error *error, size_t *length);

/** Where in a JSON document a misuse is, such as "execute.command.owner.email"; else "". As `tenantry_error_message`. */
const char *tenantry_error_path(const tenantry_error *error,
                                size_t *length);

/**
 * The whole error as JSON, `Fault` of the schema: number, name, family, message, remedy, rule, whether it may pass by itself,
 * and for a batch every item that stands in the way. As `tenantry_error_message`.
 */
const char *tenantry_error_json(const tenantry_error *error,
                                size_t *length);

/**
 * Frees an error and sets the pointer to null, so that freeing it again does nothing. Null is allowed, and so is a
 * pointer to null.
 *
 * What is no error, or was freed through a copy of the pointer, is told as `TENANTRY_FOREIGN_HANDLE` and not followed.
 */
tenantry_status tenantry_error_free(tenantry_error **error);

/* Texts --------------------------------------------------------------------- */

/**
 * A text that the library gave out: UTF-8, with a closing zero that `length` does not count. It is the caller's until
 * `tenantry_text_free`.
 */
typedef struct tenantry_text {
  /** Its first byte; null, if there is no text. */
  const char *data;
  /** How many bytes. */
  size_t length;
} tenantry_text;

/**
 * Frees a text and makes it empty, so that freeing it again does nothing. Null is allowed, and so is an empty text.
 *
 * A copy that was made of the structure is stale from then on: freeing it is told as `TENANTRY_FOREIGN_HANDLE`, and freeing one whose
 * length was changed as `TENANTRY_BAD_LENGTH`, without freeing it.
 */
tenantry_status tenantry_text_free(tenantry_text *text);

/* Ids ----------------------------------------------------------------------- */

/** The bytes that an id takes when it is written, with its closing zero. */
#define TENANTRY_ID_TEXT 37

/**
 * 16 bytes of an id, in the order in which they are written: the first byte is the first two digits. (A .NET `Guid` has the
 * first eight in another order; convert with `ToByteArray(bigEndian: true)`.)
 */
typedef struct tenantry_id {
  /** The bytes. */
  uint8_t bytes[16];
} tenantry_id;

/**
 * Reads an id as it is written, such as "01000000-0000-0000-0000-000000000001", with hyphens or without. `text` has `length` bytes.
 * Where it is none, `TENANTRY_BAD_TEXT`, the id is zeros, which nobody has.
 */
tenantry_status tenantry_id_parse(const char *text,
                                  size_t length,
                                  tenantry_id *id,
                                  tenantry_error **error);

/**
 * Writes an id as the JSON has it: 36 characters and a closing zero, so `text` needs room for `TENANTRY_ID_TEXT`. Does nothing
 * where either is null.
 *
 * Safe to call at any time, from any thread.
 */
void tenantry_id_write(const tenantry_id *id,
                       char *text);

/* Engines ------------------------------------------------------------------- */

/** Nothing may be written. The file must be there. */
#define TENANTRY_READ_ONLY 1

/** The file must be there; else it is made. */
#define TENANTRY_MUST_EXIST 2

/** A commit outlives the process, and a power cut may undo the last ones; else it waits for the disk. */
#define TENANTRY_SYNC_NORMAL 4

/** Commands refused for lack of rights are not journalled; else they are. */
#define TENANTRY_NO_REFUSAL_RECORDS 8

/** `clock_tolerance_seconds` counts; else it is 300. */
#define TENANTRY_CLOCK_TOLERANCE 16

/** `wait_ms` counts; else it is 10 000. */
#define TENANTRY_WAIT 32

/** `clock_leap_seconds` counts; else it is a year. */
#define TENANTRY_CLOCK_LEAP 64

/** tenantry on a store. One engine serves all threads; open one per file and process. */
typedef struct tenantry_engine tenantry_engine;

/**
 * How an engine runs. Begin with `TENANTRY_OPTIONS_INIT`, which asks for nothing special, and set what should differ.
 *
 * Later versions add fields at the end. `struct_size` says which are there: those beyond it count as zero, and what a
 * newer program sets is refused by an older library (`TENANTRY_BAD_STRUCT_SIZE`), never overlooked.
 */
typedef struct tenantry_options {
  /** `sizeof(tenantry_options)` where the program was compiled. */
  uint32_t struct_size;
  /** Flags, one or several of `TENANTRY_READ_ONLY` and so on. */
  uint32_t flags;
  /**
   * The policy of a store that is new, as JSON: a whole policy, or the name of one that comes with the library in quotes, as
   * in "\"clients\"". Null for the default. A store that is there keeps its own.
   */
  const char *policy;
  /** The bytes of `policy`. */
  size_t policy_length;
  /**
   * How far the clock may be behind the journal before commands are refused (`TENANTRY_CLOCK_BEHIND`), in seconds;
   * `UINT32_MAX` for however far.
   */
  uint32_t clock_tolerance_seconds;
  /** How long to wait for other writers, in milliseconds. */
  uint32_t wait_ms;
  /** How large the file may grow; 0 for no limit. */
  uint64_t max_bytes;
  /**
   * What time it is, in microseconds since 1970 in UTC; null for the machine's clock. A number that is no moment of the years
   * 0 to 9999 says that the time is not known: commands and queries are refused then (`TENANTRY_CLOCK_AHEAD`). Called from any thread that calls the
   * library, and must not call it back, unwind or jump out.
   */
  int64_t (*now)(void *context);
  /** Makes the ids that commands leave out; null for UUIDs of version 7. As `now`. */
  void (*new_id)(void *context, tenantry_id *id);
  /** Handed to `now` and `new_id`. Must last as long as the engine and every index of it. */
  void *context;
  /**
   * How far the clock may be ahead of the journal's last record before commands are refused (`TENANTRY_CLOCK_AHEAD`), in
   * seconds; `UINT32_MAX` for however far. The call `{"sweep": {"accept_clock": true}}` says once that the clock is right.
   */
  uint32_t clock_leap_seconds;
  /**
   * Where the access index is saved, if anywhere; null for nowhere. `tenantry_index_open` loads one that was saved there and is to be
   * believed, instead of building it of the whole store. The call `{"save_index": {"to": …}}` saves it: before closing, and now and
   * again.
   */
  const char *saved_index;
  /** The bytes of `saved_index`. */
  size_t saved_index_length;
} tenantry_options;

/**
 * Opens an engine in memory; what it holds is gone when it is closed.
 *
 * `options` may be null. `*engine` is the new engine, to be closed with `tenantry_close`, or null where the call fails:
 * `TENANTRY_INVALID_POLICY`, `TENANTRY_INVALID_REQUEST` for a policy that is none, `TENANTRY_BAD_STRUCT_SIZE`,
 * `TENANTRY_UNKNOWN_FLAG`.
 */
tenantry_status tenantry_open_memory(const tenantry_options *options,
                                     tenantry_engine **engine,
                                     tenantry_error **error);

/**
 * Opens an engine on an SQLite file, which is made where there is none. Other processes may have the same file open; it must
 * be on a local disk.
 *
 * `path` has `path_length` bytes without a closing zero, in UTF-8; on Unix any bytes but zero. `options` and `*engine` are as for
 * `tenantry_open_memory`. Beyond its statuses: `TENANTRY_CANNOT_OPEN`, `TENANTRY_NOT_A_STORE`, `TENANTRY_NEWER_FORMAT`,
 * `TENANTRY_STORE_DAMAGED`, `TENANTRY_STORE_BUSY`. A file that cannot be opened is left as it is.
 */
tenantry_status tenantry_open_file(const char *path,
                                   size_t path_length,
                                   const tenantry_options *options,
                                   tenantry_engine **engine,
                                   tenantry_error **error);

/**
 * Makes a store at `to` of a backup, in place of the store that is there, if one is; nobody may have that open. The call
 * `{"backup": {"to": …}}` makes backups.
 *
 * From one moment to the next the whole new store stands there instead of the whole old one. `*reply` is a `Restored` of
 * `include/tenantry.schema.json`: which records are lost, and who was erased again; it is the caller's until `tenantry_text_free`,
 * and empty where the call fails. The paths are as for `tenantry_open_file`. `TENANTRY_STORE_IN_USE`, `TENANTRY_PATH_TAKEN`,
 * `TENANTRY_NOT_A_STORE`, `TENANTRY_STORE_DAMAGED`, `TENANTRY_CANNOT_OPEN`, `TENANTRY_NEWER_FORMAT`, `TENANTRY_FOREIGN_LOG`: what was
 * there stands as it was.
 */
tenantry_status tenantry_restore(const char *from,
                                 size_t from_length,
                                 const char *to,
                                 size_t to_length,
                                 tenantry_text *reply,
                                 tenantry_error **error);

/**
 * Closes an engine and sets the pointer to null, so that closing it again does nothing. Null is allowed, and so is a
 * pointer to null.
 *
 * While another thread is within a call on the engine nothing is closed, the pointer stays, and the status is
 * `TENANTRY_HANDLE_IN_USE`. A copy of the pointer is stale from then on: every function tells it as
 * `TENANTRY_HANDLE_CLOSED`, this one included, for as long as the process lives. Indexes, cursors, errors and texts outlive the engine.
 */
tenantry_status tenantry_close(tenantry_engine **engine);

/** Options that ask for nothing special. */
#define TENANTRY_OPTIONS_INIT {(uint32_t)sizeof(tenantry_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

/* Checks -------------------------------------------------------------------- */

/** The answer of a check. */
typedef struct tenantry_verdict {
  /** The revision it was read at. */
  uint64_t seq;
  /** Why not: a refusal's number, the first that applies; 0 when allowed. */
  int32_t reason;
  /** 1 if it is allowed, else 0. */
  uint8_t allowed;
  /** Zero. */
  uint8_t reserved[3];
} tenantry_verdict;

/**
 * May a user use a permission on a tenant, for a service? By names.
 *
 * `permission` is a name such as `TENANTRY_PERMISSION_DEVICES_MANAGE`, `permission_length` its bytes; `service` likewise, or null
 * with 0. A "no" is an answer and no error: `verdict->allowed` is 0 and `verdict->reason` says why. Where the call fails, the
 * verdict is a "no" with reason 0. Always fresh: what any process on the file has committed counts. It reads the store, which takes
 * microseconds; where that is too long, ask an index.
 */
tenantry_status tenantry_check(const tenantry_engine *engine,
                               const tenantry_id *user,
                               const char *permission,
                               size_t permission_length,
                               const tenantry_id *tenant,
                               const char *service,
                               size_t service_length,
                               tenantry_verdict *verdict,
                               tenantry_error **error);

/**
 * A check in words: the verdict, its reason, rule and remedy, the assignment that decided and the links between, as JSON
 * (`Explanation` within `Answered` of the schema). `*explanation` is the caller's until `tenantry_text_free`; it is empty where the
 * call fails. Else as `tenantry_check`.
 */
tenantry_status tenantry_explain(const tenantry_engine *engine,
                                 const tenantry_id *user,
                                 const char *permission,
                                 size_t permission_length,
                                 const tenantry_id *tenant,
                                 const char *service,
                                 size_t service_length,
                                 tenantry_text *explanation,
                                 tenantry_error **error);

/* Who can, and where -------------------------------------------------------- */

/** Ids of one moment, handed out piece by piece. It outlives its engine. */
typedef struct tenantry_cursor tenantry_cursor;

/**
 * The tenants that a user can do this on, in the order of their ids: exactly those for which a check says yes.
 *
 * The question is written as for `tenantry_check`. `*cursor` is the caller's until `tenantry_cursor_free`; it is null where the
 * call fails.
 */
tenantry_status tenantry_tenants_where(const tenantry_engine *engine,
                                       const tenantry_id *user,
                                       const char *permission,
                                       size_t permission_length,
                                       const char *service,
                                       size_t service_length,
                                       tenantry_cursor **cursor,
                                       tenantry_error **error);

/** The users who can do this on a tenant, in the order of their ids. As `tenantry_tenants_where`. */
tenantry_status tenantry_users_who_can(const tenantry_engine *engine,
                                       const char *permission,
                                       size_t permission_length,
                                       const tenantry_id *tenant,
                                       const char *service,
                                       size_t service_length,
                                       tenantry_cursor **cursor,
                                       tenantry_error **error);

/**
 * Writes the next ids, at most `capacity`, and their number to `*count`; 0 means that there are no more. Two threads that share
 * a cursor get each id once.
 */
tenantry_status tenantry_cursor_next(tenantry_cursor *cursor,
                                     tenantry_id *ids,
                                     size_t capacity,
                                     size_t *count,
                                     tenantry_error **error);

/** How many ids there are in all, and the revision they were read at; either may be null. */
tenantry_status tenantry_cursor_size(const tenantry_cursor *cursor,
                                     size_t *size,
                                     uint64_t *seq,
                                     tenantry_error **error);

/**
 * Frees a cursor and sets the pointer to null, so that freeing it again does nothing. Null is allowed, and so is a
 * pointer to null. What is no cursor, or was freed through a copy of the pointer, is told as `TENANTRY_FOREIGN_HANDLE`.
 */
tenantry_status tenantry_cursor_free(tenantry_cursor **cursor);

/* The access index: checks in nanoseconds ----------------------------------- */

/** The handle to pass where a check is about no service. */
#define TENANTRY_NO_SERVICE 65535

/**
 * What checks need of an engine's store, in memory, for those who check more often than a store can be asked.
 *
 * All indexes of an engine share that memory, and follow it: what the engine itself commits is in them when the commit is
 * acknowledged, what other processes commit when `tenantry_refresh` is called. An index outlives its engine, and stays at the revision
 * that it has come to by then. So it does in a child after fork(), in which its engine cannot be used.
 *
 * Any number of threads may use one at once; none waits for another, nor for a commit.
 */
typedef struct tenantry_index tenantry_index;

/** A user, as an index numbers them. 0 is nobody, who is denied everything as `TENANTRY_UNKNOWN_USER`. */
typedef uint32_t tenantry_user_handle;

/** A tenant, as an index numbers them. 0 is none, on which everything is denied as `TENANTRY_UNKNOWN_TENANT`. */
typedef uint32_t tenantry_tenant_handle;

/** A permission, as an index numbers them. 0 is none, which nobody holds. */
typedef uint16_t tenantry_permission_handle;

/**
 * A service, as an index numbers them. 0 is none, with which everything is denied. A check that is about no service says
 * `TENANTRY_NO_SERVICE`.
 */
typedef uint16_t tenantry_service_handle;

/** A question in handles: may this user use this permission on this tenant, with this service? */
typedef struct tenantry_resolved {
  /** Who. */
  tenantry_user_handle user;
  /** Where. */
  tenantry_tenant_handle tenant;
  /** What they want to do. */
  tenantry_permission_handle permission;
  /** With which service, or `TENANTRY_NO_SERVICE`. */
  tenantry_service_handle service;
} tenantry_resolved;

/** A question by ids, with handles for permission and service. */
typedef struct tenantry_question {
  /** Who. */
  tenantry_id user;
  /** Where. */
  tenantry_id tenant;
  /** What they want to do. */
  tenantry_permission_handle permission;
  /** With which service, or `TENANTRY_NO_SERVICE`. */
  tenantry_service_handle service;
} tenantry_question;

/**
 * Opens an index of an engine, at everything that is committed.
 *
 * The first one reads every user, tenant, link and assignment once, which takes its time where there are millions; any further
 * one costs next to nothing. `*index` is the caller's until `tenantry_index_close`; it is null where the call fails.
 */
tenantry_status tenantry_index_open(const tenantry_engine *engine,
                                    tenantry_index **index,
                                    tenantry_error **error);

/**
 * Closes an index and sets the pointer to null, so that closing it again does nothing. Null is allowed, and so is a pointer to null.
 *
 * A copy of the pointer is stale from then on: every function tells it as `TENANTRY_HANDLE_CLOSED`, this one included, for as long
 * as the process lives. Checks are not counted, so nobody waits for those that other threads are within: they find their way to
 * the end while the engine is open. Once it is closed, closing its last index gives the memory back, and nobody may be in it.
 */
tenantry_status tenantry_index_close(tenantry_index **index);

/** The revision that an index has come to. */
tenantry_status tenantry_index_seq(const tenantry_index *index, uint64_t *seq, tenantry_error **error);

/**
 * The revision of the saved index that an index was loaded from; 0 where it was built of the store, because no path was given in
 * `saved_index`, nothing was there, or nothing to be believed.
 */
tenantry_status tenantry_index_loaded_from(const tenantry_index *index,
                                           uint64_t *seq,
                                           tenantry_error **error);

/**
 * The handles of users: `handles[i]` is that of `users[i]`, for `count` of them. Right for as long as the index is open, whatever
 * becomes of the user, and for this index alone. Who is not known has handle 0; ask again once they are registered.
 */
tenantry_status tenantry_index_users(const tenantry_index *index,
                                     const tenantry_id *users,
                                     size_t count,
                                     tenantry_user_handle *handles,
                                     tenantry_error **error);

/** The handles of tenants. As `tenantry_index_users`. */
tenantry_status tenantry_index_tenants(const tenantry_index *index,
                                       const tenantry_id *tenants,
                                       size_t count,
                                       tenantry_tenant_handle *handles,
                                       tenantry_error **error);

/**
 * The handle of a permission, such as `TENANTRY_PERMISSION_DEVICES_MANAGE`; it stays right when the policy changes. One that the policy
 * in force does not have is refused as `TENANTRY_UNKNOWN_PERMISSION`.
 */
tenantry_status tenantry_index_permission(const tenantry_index *index,
                                          const char *permission,
                                          size_t permission_length,
                                          tenantry_permission_handle *handle,
                                          tenantry_error **error);

/**
 * The handle of a service, such as `TENANTRY_SERVICE_MANAGE`; null with 0 has `TENANTRY_NO_SERVICE`. As `tenantry_index_permission`;
 * the refusal is `TENANTRY_UNKNOWN_SERVICE`.
 */
tenantry_status tenantry_index_service(const tenantry_index *index,
                                       const char *service,
                                       size_t service_length,
                                       tenantry_service_handle *handle,
                                       tenantry_error **error);

/**
 * May a user use a permission on a tenant, for a service? By handles.
 *
 * Pass `TENANTRY_NO_SERVICE` where it is about none. A "no" is an answer and no error, as with `tenantry_check`:
 * `verdict->allowed` is 0, `verdict->reason` says why, and `verdict->seq` is the revision it was read at. Allocates nothing, waits for
 * nobody, and asks what time it is only where a link ends by itself.
 *
 * There is no error object; the status says it all: `TENANTRY_NULL_POINTER`, `TENANTRY_HANDLE_CLOSED` or `TENANTRY_FOREIGN_HANDLE` for
 * the index. In all these cases the verdict is a "no" with reason 0.
 */
tenantry_status tenantry_index_check_resolved(const tenantry_index *index,
                                              tenantry_user_handle user,
                                              tenantry_permission_handle permission,
                                              tenantry_tenant_handle tenant,
                                              tenantry_service_handle service,
                                              tenantry_verdict *verdict);

/** The same by ids, which are looked up first. As `tenantry_index_check_resolved`. */
tenantry_status tenantry_index_check(const tenantry_index *index,
                                     const tenantry_id *user,
                                     tenantry_permission_handle permission,
                                     const tenantry_id *tenant,
                                     tenantry_service_handle service,
                                     tenantry_verdict *verdict);

/**
 * Answers many questions, which costs less for each than to ask one by one: `verdicts[i]` answers `questions[i]`, for `count` of
 * them, which may be 0. The two arrays must not overlap.
 *
 * Questions that lie close together are answered at the same revision, distant ones perhaps at a later one; every verdict says
 * which. Where the call fails (`TENANTRY_BAD_LENGTH` for a count that no array can have), every verdict is a "no" with reason 0. Else
 * as `tenantry_index_check_resolved`.
 */
tenantry_status tenantry_index_check_batch(const tenantry_index *index,
                                           const tenantry_resolved *questions,
                                           size_t count,
                                           tenantry_verdict *verdicts);

/** The same by ids. As `tenantry_index_check_batch`. */
tenantry_status tenantry_index_check_ids(const tenantry_index *index,
                                         const tenantry_question *questions,
                                         size_t count,
                                         tenantry_verdict *verdicts);

/**
 * The tenants that a user can do this on, in no particular order: exactly those for which a check says yes.
 *
 * `*cursor` is the caller's until `tenantry_cursor_free`; it is null where the call fails. `TENANTRY_STORE_BUSY` when commits followed
 * each other so closely that a long list could not be read between two of them: try again, or ask the engine.
 */
tenantry_status tenantry_index_tenants_where(const tenantry_index *index,
                                             tenantry_user_handle user,
                                             tenantry_permission_handle permission,
                                             tenantry_service_handle service,
                                             tenantry_cursor **cursor,
                                             tenantry_error **error);

/** The users who can do this on a tenant, in no particular order. As `tenantry_index_tenants_where`. */
tenantry_status tenantry_index_users_who_can(const tenantry_index *index,
                                             tenantry_permission_handle permission,
                                             tenantry_tenant_handle tenant,
                                             tenantry_service_handle service,
                                             tenantry_cursor **cursor,
                                             tenantry_error **error);

/**
 * Everybody who can do anything on a tenant, and what: an object with `seq`, the revision, and `rows` in no particular order,
 * each with a `user` and what they hold (`held`), as the query `tenant_access` tells it to the platform's staff.
 *
 * `*review` is the caller's until `tenantry_text_free`; it is empty where the call fails. Else as `tenantry_index_tenants_where`.
 */
tenantry_status tenantry_index_tenant_access(const tenantry_index *index,
                                             tenantry_tenant_handle tenant,
                                             tenantry_text *review,
                                             tenantry_error **error);

/**
 * Every tenant on which a user can do anything, and what: an object with `seq`, the revision, and `rows` in no particular order,
 * each with a `tenant` and what is held there (`held`). As `tenantry_index_tenant_access`.
 */
tenantry_status tenantry_index_user_access(const tenantry_index *index,
                                           tenantry_user_handle user,
                                           tenantry_text *review,
                                           tenantry_error **error);

/* Everything else: the JSON door -------------------------------------------- */

/**
 * Answers one call in JSON: any command, any query, and what a host does besides. `include/tenantry.schema.json` says what can be
 * called and what is replied.
 *
 * `json` has `length` bytes of UTF-8 without a closing zero. `*reply` is the caller's until `tenantry_text_free`; it is empty
 * where the call fails. The status of a command that is refused is the refusal's number.
 */
tenantry_status tenantry_call(tenantry_engine *engine,
                              const char *json,
                              size_t length,
                              tenantry_text *reply,
                              tenantry_error **error);

/**
 * The revision that the store is at, as a token: keep it, and tell by it later whether a store still has what you saw.
 *
 * `*token` is the caller's until `tenantry_text_free`; it is empty where the call fails.
 */
tenantry_status tenantry_token(const tenantry_engine *engine,
                               tenantry_text *token,
                               tenantry_error **error);

/**
 * Brings the indexes of an engine to everything that any process has committed, and says in `*seq`, which may be null, which
 * revision that is. With a token it makes sure that this is at least the token's: what its holder has seen counts. `token` has
 * `length` bytes, or is null with 0.
 *
 * This is how an index learns what *other* processes commit: call it with the token that comes with a request, or every so often from
 * a thread of yours. Where there is nothing new it costs one short read. Checks from the store are always fresh and do not need it.
 *
 * `TENANTRY_DIVERGED` when the token is not of this store's history: it was restored from a backup, or is another one.
 */
tenantry_status tenantry_refresh(const tenantry_engine *engine,
                                 const char *token,
                                 size_t length,
                                 uint64_t *seq,
                                 tenantry_error **error);

#ifdef __cplusplus
}
#endif

#endif
