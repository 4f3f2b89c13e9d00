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
