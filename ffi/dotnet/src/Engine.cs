using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Tenantry
{
    /// <summary>How an engine runs. A new one asks for nothing special.</summary>
    public sealed class EngineOptions
    {
        /// <summary>The policy of a store that is new; null for the default. A store that is there keeps its own.</summary>
        public PolicySource Policy { get; set; }

        /// <summary>Nothing may be written. The file must be there.</summary>
        public bool ReadOnly { get; set; }

        /// <summary>The file must be there; else it is made.</summary>
        public bool MustExist { get; set; }

        /// <summary>A commit outlives the process, and a power cut may undo the last ones; else it waits for the disk.</summary>
        public bool SyncNormal { get; set; }

        /// <summary>Commands refused for lack of rights are not journalled; else they are.</summary>
        public bool NoRefusalRecords { get; set; }

        /// <summary>How long to wait for other writers; null for ten seconds.</summary>
        public TimeSpan? Wait { get; set; }

        /// <summary>How far the clock may be behind the journal before commands are refused; null for five minutes.</summary>
        public TimeSpan? ClockTolerance { get; set; }

        /// <summary>How far the clock may be ahead of the journal before commands are refused; null for a year.</summary>
        public TimeSpan? ClockLeap { get; set; }

        /// <summary>How large the file may grow, in bytes; 0 for no limit.</summary>
        public long MaxBytes { get; set; }

        /// <summary>Where the access index is saved, if anywhere.</summary>
        public string SavedIndex { get; set; }

        /// <summary>
        /// Tells the time; null for the machine's clock. Called from any thread, and must not call the engine. Where it throws, the time is
        /// not known, and what needs it is refused (<c>clock_ahead</c>) with the exception within.
        /// </summary>
        public Func<DateTimeOffset> Now { get; set; }

        /// <summary>Makes the ids that commands leave out; null for UUIDs of version 7. As <see cref="Now"/>; where it throws, a random id is taken.</summary>
        public Func<Guid> NewId { get; set; }
    }

    /// <summary>
    /// Tenantry on a store. All threads may share one; open one per file and process. Disposing it while another thread is within a call
    /// closes it when that call is done; every later call is an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public sealed unsafe class Engine : IDisposable
    {
        private readonly EngineHandle handle;

        private Engine(EngineHandle handle)
        {
            this.handle = handle;
        }

        /// <summary>Opens an SQLite file, which is made where there is none. Other processes may have it open, too.</summary>
        public static Engine Open(string path, EngineOptions options = null)
        {
            Native.Ready();
            var bytes = Native.Bytes(path, "path");
            return Opened(options, delegate(ref NativeOptions how, out EngineHandle made, out ErrorHandle error)
            {
                fixed (byte* at = bytes) return Native.tenantry_open_file(at, Native.Length(bytes), ref how, out made, out error);
            });
        }

        /// <summary>Opens an engine in memory; what it holds is gone when it is closed.</summary>
        public static Engine OpenMemory(EngineOptions options = null)
        {
            Native.Ready();
            return Opened(options, Native.tenantry_open_memory);
        }

        private delegate int Opening(ref NativeOptions options, out EngineHandle engine, out ErrorHandle error);

        private static Engine Opened(EngineOptions options, Opening open)
        {
            options = options ?? new EngineOptions();
            var policy = options.Policy == null ? null : options.Policy.Bytes();
            var saved = options.SavedIndex == null ? null : Native.Bytes(options.SavedIndex, "SavedIndex");
            if (options.MaxBytes < 0) throw new ArgumentOutOfRangeException("MaxBytes");
            var how = new NativeOptions { StructSize = (uint)Marshal.SizeOf(typeof(NativeOptions)), MaxBytes = (ulong)options.MaxBytes };
            if (options.ReadOnly) how.Flags |= Native.ReadOnly;
            if (options.MustExist) how.Flags |= Native.MustExist;
            if (options.SyncNormal) how.Flags |= Native.SyncNormal;
            if (options.NoRefusalRecords) how.Flags |= Native.NoRefusalRecords;
            how.WaitMs = Span(options.Wait, TimeSpan.TicksPerMillisecond, "Wait", ref how.Flags, Native.Wait);
            how.ClockToleranceSeconds =
                Span(options.ClockTolerance, TimeSpan.TicksPerSecond, "ClockTolerance", ref how.Flags, Native.ClockTolerance);
            how.ClockLeapSeconds = Span(options.ClockLeap, TimeSpan.TicksPerSecond, "ClockLeap", ref how.Flags, Native.ClockLeap);
            Callbacks callbacks = null;
            if (options.Now != null || options.NewId != null)
            {
                callbacks = new Callbacks(options.Now, options.NewId);
                how.Now = callbacks.Now;
                how.NewId = callbacks.NewId;
            }
            EngineHandle made = null;
            try
            {
                fixed (byte* policyAt = policy, savedAt = saved)
                {
                    how.Policy = policyAt;
                    how.PolicyLength = policy == null ? UIntPtr.Zero : Native.Length(policy);
                    how.SavedIndex = savedAt;
                    how.SavedIndexLength = saved == null ? UIntPtr.Zero : Native.Length(saved);
                    ErrorHandle error;
                    Native.Done(open(ref how, out made, out error), error, callbacks == null ? null : callbacks.Failed());
                }
            }
            catch
            {
                if (callbacks != null) callbacks.Release();
                throw;
            }
            made.Keep(callbacks);
            return new Engine(made);
        }

        private static uint Span(TimeSpan? span, long ticks, string what, ref uint flags, uint flag)
        {
            if (span == null) return 0;
            if (span.Value < TimeSpan.Zero) throw new ArgumentOutOfRangeException(what);
            flags |= flag;
            var count = span.Value.Ticks / ticks;
            return count > uint.MaxValue ? uint.MaxValue : (uint)count;
        }

        /// <summary>
        /// Makes a store of a backup, in place of the store that is there, if one is; nobody may have that open. Answers with which records
        /// are lost, and who was erased again.
        /// </summary>
        public static Restored Restore(string from, string to)
        {
            Native.Ready();
            var source = Native.Bytes(from, "from");
            var target = Native.Bytes(to, "to");
            NativeText reply;
            fixed (byte* sourceAt = source, targetAt = target)
            {
                ErrorHandle error;
                Native.Done(
                    Native.tenantry_restore(sourceAt, Native.Length(source), targetAt, Native.Length(target), out reply, out error), error);
            }
            return Restored.Read(Json.Parse(Native.Taken(ref reply)));
        }

        /// <summary>Closes the engine; closing it again does nothing. Its indexes go on at the revision they have come to.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }

        // Commands and queries.

        /// <summary>
        /// Executes a command. Under the same request id it is safe to ask again: the first receipt is the answer.
        /// </summary>
        /// <exception cref="RefusedException">It is refused; nothing was changed.</exception>
        public Executed<T> Execute<T>(Actor actor, Command<T> command, RequestId? request = null, long? expectedSeq = null)
        {
            var execution = new Execution(actor, command) { Request = request, ExpectedSeq = expectedSeq };
            return new Executed<T>(Call("execute", execution.Write()), command.Answer);
        }

        /// <summary>Executes several commands, one after the other, in one commit; each is answered for itself.</summary>
        public IReadOnlyList<Attempt> ExecuteAll(IEnumerable<Execution> executions)
        {
            if (executions == null) throw new ArgumentNullException("executions");
            var all = new List<Execution>(executions);
            var results = (JArray)Json.Need(Call("execute_all", Json.List(all, one => one.Write())), "results");
            var made = new Attempt[all.Count];
            for (var place = 0; place < made.Length; place++) made[place] = new Attempt(all[place].Command, results[place]);
            return made;
        }

        /// <summary>Asks.</summary>
        public T Ask<T>(Query<T> query)
        {
            return Answered(query).Answer;
        }

        /// <summary>Asks, and says of which revision the answer is.</summary>
        public Answered<T> Answered<T>(Query<T> query)
        {
            if (query == null) throw new ArgumentNullException("query");
            var reply = Call("ask", query.Write());
            return new Answered<T>(Json.MaybeValue(reply["seq"], Json.Integer), query.Answer(Json.Need(reply, "answer")));
        }

        /// <summary>All rows of a long list, which are asked for page by page as they are come to.</summary>
        public IEnumerable<T> Rows<T>(PagedQuery<T> query)
        {
            if (query == null) throw new ArgumentNullException("query");
            return Turned(query);
        }

        private IEnumerable<T> Turned<T>(PagedQuery<T> query)
        {
            var asked = query.Write();
            for (;;)
            {
                var page = query.Answer(Json.Need(Call("ask", asked.DeepClone()), "answer"));
                foreach (var row in page.Rows) yield return row;
                if (page.Next == null) yield break;
                if (asked["paging"] == null) asked["paging"] = new JObject();
                asked["paging"]["cursor"] = page.Next;
            }
        }

        /// <summary>Takes a consumer's word that its notices are delivered, through that record.</summary>
        public void Acknowledge(string consumer, long through)
        {
            if (consumer == null) throw new ArgumentNullException("consumer");
            Call("acknowledge", new JObject(new JProperty("consumer", consumer), new JProperty("through", through)));
        }

        /// <summary>Lets everything happen that time alone brings about, and says how many records that led to.</summary>
        public long Sweep(bool acceptClock = false)
        {
            return Json.Integer(Json.Need(Call("sweep", new JObject(new JProperty("accept_clock", acceptClock))), "happened"));
        }

        /// <summary>Copies the store as it is to a file where nothing is, and says at which revision.</summary>
        public string Backup(string to)
        {
            if (to == null) throw new ArgumentNullException("to");
            return Json.Text(Json.Need(Call("backup", new JObject(new JProperty("to", to))), "token"));
        }

        /// <summary>Saves the access index to a file, in place of what is there, and says of which revision it is.</summary>
        public string SaveIndex(string to)
        {
            if (to == null) throw new ArgumentNullException("to");
            return Json.Text(Json.Need(Call("save_index", new JObject(new JProperty("to", to))), "token"));
        }

        /// <summary>Gives back what the file has no use for, and says how many bytes that were.</summary>
        public long Compact()
        {
            return Json.Integer(Json.Need(Call("compact", new JObject()), "bytes"));
        }

        private JToken Call(string member, JToken content)
        {
            return Json.Parse(Call(new JObject(new JProperty(member, content)).ToString(Formatting.None)));
        }

        /// <summary>Answers one call in JSON, as tenantry.schema.json describes it; for what there is no method here.</summary>
        public string Call(string json)
        {
            if (json == null) throw new ArgumentNullException("json");
            var bytes = Native.Encoded(json, "json");
            NativeText reply;
            fixed (byte* at = bytes)
            {
                ErrorHandle error;
                var status = Native.tenantry_call(handle, at, Native.Length(bytes), out reply, out error);
                Native.Done(status, error, status == (int)Code.ClockAhead && handle.Callbacks != null ? handle.Callbacks.Failed() : null);
            }
            return Native.Taken(ref reply);
        }

        // Checks, always fresh.

        /// <summary>
        /// May a user use a permission on a tenant, for a service? A "no" is an answer and no exception. It reads the store; where that is
        /// too slow, ask an <see cref="AccessIndex"/>.
        /// </summary>
        public AccessVerdict Check(UserId user, string permission, TenantId tenant, string service = null)
        {
            var what = Native.Bytes(permission, "permission");
            var with = service == null ? null : Native.Bytes(service, "service");
            var who = NativeId.Of(user.Value);
            var where = NativeId.Of(tenant.Value);
            AccessVerdict verdict;
            fixed (byte* whatAt = what, withAt = with)
            {
                ErrorHandle error;
                Native.Done(
                    Native.tenantry_check(
                        handle, ref who, whatAt, Native.Length(what), ref where, withAt, Optional(with), out verdict, out error),
                    error);
            }
            return verdict;
        }

        /// <summary>The tenants that a user can do this on, in the order of their ids.</summary>
        public IReadOnlyList<TenantId> TenantsWhere(UserId user, string permission, string service = null)
        {
            var what = Native.Bytes(permission, "permission");
            var with = service == null ? null : Native.Bytes(service, "service");
            var who = NativeId.Of(user.Value);
            CursorHandle cursor;
            fixed (byte* whatAt = what, withAt = with)
            {
                ErrorHandle error;
                Native.Done(
                    Native.tenantry_tenants_where(
                        handle, ref who, whatAt, Native.Length(what), withAt, Optional(with), out cursor, out error),
                    error);
            }
            return Cursor.All(cursor, id => new TenantId(id));
        }

        /// <summary>The users who can do this on a tenant, in the order of their ids.</summary>
        public IReadOnlyList<UserId> UsersWhoCan(string permission, TenantId tenant, string service = null)
        {
            var what = Native.Bytes(permission, "permission");
            var with = service == null ? null : Native.Bytes(service, "service");
            var where = NativeId.Of(tenant.Value);
            CursorHandle cursor;
            fixed (byte* whatAt = what, withAt = with)
            {
                ErrorHandle error;
                Native.Done(
                    Native.tenantry_users_who_can(
                        handle, whatAt, Native.Length(what), ref where, withAt, Optional(with), out cursor, out error),
                    error);
            }
            return Cursor.All(cursor, id => new UserId(id));
        }

        private static UIntPtr Optional(byte[] bytes)
        {
            return bytes == null ? UIntPtr.Zero : Native.Length(bytes);
        }

        // Revisions, and the index.

        /// <summary>The revision that the store is at, as a token.</summary>
        public string Token()
        {
            NativeText token;
            ErrorHandle error;
            Native.Done(Native.tenantry_token(handle, out token, out error), error);
            return Native.Taken(ref token);
        }

        /// <summary>
        /// Brings the indexes to everything that any process has committed, and at least to a token's revision; says which it is.
        /// </summary>
        public long Refresh(string token = null)
        {
            var bytes = token == null ? null : Native.Bytes(token, "token");
            ulong seq;
            fixed (byte* at = bytes)
            {
                ErrorHandle error;
                Native.Done(Native.tenantry_refresh(handle, at, Optional(bytes), out seq, out error), error);
            }
            return (long)seq;
        }

        /// <summary>Opens an index, at everything that is committed, for checks in nanoseconds. It is to be disposed, too.</summary>
        public AccessIndex OpenIndex()
        {
            IndexHandle index;
            ErrorHandle error;
            Native.Done(Native.tenantry_index_open(handle, out index, out error), error);
            index.Keep(handle.Callbacks);
            return new AccessIndex(index);
        }
    }

    // Ids of one moment, taken over to the last.
    internal static unsafe class Cursor
    {
        private const int AtATime = 256;

        internal static T[] All<T>(CursorHandle cursor, Func<Guid, T> named)
        {
            using (cursor)
            {
                UIntPtr size;
                ulong seq;
                ErrorHandle error;
                Native.Done(Native.tenantry_cursor_size(cursor, out size, out seq, out error), error);
                var made = new T[checked((int)size.ToUInt64())];
                var some = stackalloc NativeId[AtATime];
                for (var filled = 0; ;)
                {
                    UIntPtr count;
                    Native.Done(Native.tenantry_cursor_next(cursor, some, (UIntPtr)AtATime, out count, out error), error);
                    if (count == UIntPtr.Zero) return made;
                    for (var place = 0; place < (int)count.ToUInt32(); place++) made[filled++] = named(some[place].Guid());
                }
            }
        }
    }

    /// <summary>What the native library says of itself.</summary>
    public static class NativeLibraryInfo
    {
        /// <summary>Its version, such as <c>0.1.0</c>.</summary>
        public static string Version
        {
            get
            {
                Native.Ready();
                return Native.Read(Native.tenantry_version());
            }
        }

        /// <summary>How many things it has given out that have not been closed or freed. For tests that look for leaks.</summary>
        public static long LiveObjects
        {
            get
            {
                Native.Ready();
                return (long)Native.tenantry_live_objects().ToUInt64();
            }
        }

        /// <summary>The stable name of a refusal, such as <c>not_delinkable</c>.</summary>
        public static string NameOf(Code code)
        {
            Native.Ready();
            return Native.Read(Native.tenantry_status_name((int)code));
        }

        /// <summary>The rule that a refusal comes from, such as <c>D-1</c>.</summary>
        public static string RuleOf(Code code)
        {
            Native.Ready();
            return Native.Read(Native.tenantry_status_rule((int)code));
        }

        /// <summary>What to do about a refusal.</summary>
        public static string RemedyOf(Code code)
        {
            Native.Ready();
            return Native.Read(Native.tenantry_status_remedy((int)code));
        }
    }
}
