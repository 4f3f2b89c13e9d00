using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Tenantry
{
    /// <summary>Ids between .NET and the library.</summary>
    public static class Ids
    {
        /// <summary>Reads an id as it is written: 32 hexadecimal digits, mostly 8-4-4-4-12.</summary>
        /// <exception cref="FormatException">It is no id.</exception>
        public static Guid Parse(string text)
        {
            if (text == null) throw new ArgumentNullException("text");
            Guid id;
            if (Guid.TryParseExact(text, "D", out id) || Guid.TryParseExact(text, "N", out id)) return id;
            throw new FormatException("`" + text + "` is no id.");
        }

        /// <summary>Writes an id as the JSON has it.</summary>
        public static string Write(Guid id)
        {
            return id.ToString("D", CultureInfo.InvariantCulture);
        }

        /// <summary>
        /// The bytes of an id in the order in which it is written, which is that of its UUID everywhere else. <c>Guid.ToByteArray</c> has
        /// the first eight in another order.
        /// </summary>
        public static byte[] ToBytes(Guid id)
        {
            var native = NativeId.Of(id);
            var made = new byte[16];
            unsafe
            {
                for (var place = 0; place < 16; place++) made[place] = native.Bytes[place];
            }
            return made;
        }

        /// <summary>An id of its bytes in that order. <c>new Guid(bytes)</c> takes the first eight in another order.</summary>
        public static Guid FromBytes(byte[] bytes)
        {
            if (bytes == null) throw new ArgumentNullException("bytes");
            if (bytes.Length != 16) throw new ArgumentException("An id has 16 bytes.", "bytes");
            var native = default(NativeId);
            unsafe
            {
                for (var place = 0; place < 16; place++) native.Bytes[place] = bytes[place];
            }
            return native.Guid();
        }

        internal static int Compare(Guid one, Guid other)
        {
            return string.CompareOrdinal(Write(one), Write(other));
        }
    }

    /// <summary>What a command answers with that has nothing to say. There is none: it is null.</summary>
    public sealed class Nothing
    {
        private Nothing() { }
    }

    /// <summary>What an edit does to a field: leave it, set it or clear it. One that nobody has set leaves it.</summary>
    public struct Patch<T>
    {
        private readonly T value;
        private readonly byte what;

        private Patch(T value, byte what)
        {
            this.value = value;
            this.what = what;
        }

        /// <summary>Leaves the field empty.</summary>
        public static Patch<T> Clear
        {
            get { return new Patch<T>(default(T), 2); }
        }

        /// <summary>Puts a value there; null clears.</summary>
        public static implicit operator Patch<T>(T value)
        {
            return value == null ? Clear : new Patch<T>(value, 1);
        }

        internal bool IsSet
        {
            get { return what != 0; }
        }

        internal bool IsClear
        {
            get { return what == 2; }
        }

        internal T Value
        {
            get { return value; }
        }
    }

    /// <summary>A moment that has passed: a record's number, or an instant.</summary>
    public struct AsOf
    {
        private readonly long seq;
        private readonly DateTimeOffset? at;

        private AsOf(long seq, DateTimeOffset? at)
        {
            this.seq = seq;
            this.at = at;
        }

        /// <summary>After the record with this number.</summary>
        public static implicit operator AsOf(long seq)
        {
            return new AsOf(seq, null);
        }

        /// <summary>At this instant.</summary>
        public static implicit operator AsOf(DateTimeOffset at)
        {
            return new AsOf(0, at);
        }

        internal JToken Write()
        {
            return at == null ? Json.Write(seq) : Json.Write(at.Value);
        }
    }

    /// <summary>A device as it was typed: one of its ids, or up to eight of them, the first of which names it.</summary>
    public sealed class TypedDevice
    {
        private readonly string[] ids;

        /// <summary>A device by some of its ids.</summary>
        public TypedDevice(params string[] ids)
        {
            if (ids == null) throw new ArgumentNullException("ids");
            this.ids = ids;
        }

        /// <summary>A device by one of its ids.</summary>
        public static implicit operator TypedDevice(string id)
        {
            return new TypedDevice(id);
        }

        internal JToken Write()
        {
            return ids.Length == 1 ? Json.Write(ids[0]) : Json.List(ids, Json.Write);
        }
    }

    /// <summary>The policy of a new store: the name of one that comes with the library, or a whole one.</summary>
    public sealed class PolicySource
    {
        private readonly JToken json;

        private PolicySource(JToken json)
        {
            this.json = json;
        }

        /// <summary>One that comes with the library: <c>default</c>, <c>clients</c> or <c>delegated</c>.</summary>
        public static implicit operator PolicySource(string name)
        {
            return name == null ? null : new PolicySource(new JValue(name));
        }

        /// <summary>A whole one.</summary>
        public static implicit operator PolicySource(Policy policy)
        {
            return policy == null ? null : new PolicySource(policy.Write());
        }

        /// <summary>A whole one, as JSON.</summary>
        public static implicit operator PolicySource(JObject policy)
        {
            return policy == null ? null : new PolicySource(policy.DeepClone());
        }

        internal byte[] Bytes()
        {
            return Native.Encoded(json.ToString(Formatting.None), "policy");
        }
    }

    public abstract partial class Actor
    {
        /// <summary>The user acts for themselves.</summary>
        public static implicit operator Actor(UserId user)
        {
            return new User(user);
        }
    }

    /// <summary>What can be commanded: one of <see cref="Commands"/>.</summary>
    public abstract class Command
    {
        internal Command() { }

        internal abstract JObject Write();

        internal abstract object AnswerAny(JToken d);
    }

    /// <summary>What can be commanded, and is answered so.</summary>
    public abstract class Command<T> : Command
    {
        internal Command() { }

        internal abstract T Answer(JToken d);

        internal sealed override object AnswerAny(JToken d)
        {
            return Answer(d);
        }
    }

    /// <summary>What can be asked, and is answered so: one of <see cref="Queries"/>.</summary>
    public abstract class Query<T>
    {
        internal Query() { }

        internal abstract JObject Write();

        internal abstract T Answer(JToken d);
    }

    /// <summary>What can be asked and is answered page by page; <see cref="Engine.Rows"/> turns them.</summary>
    public abstract class PagedQuery<T> : Query<Page<T>>
    {
        internal PagedQuery() { }
    }

    /// <summary>A part of a long list.</summary>
    public sealed class Page<T>
    {
        private Page(IReadOnlyList<T> rows, string next)
        {
            Rows = rows;
            Next = next;
        }

        /// <summary>The rows.</summary>
        public IReadOnlyList<T> Rows { get; }

        /// <summary>The cursor by which the list goes on; null at its end.</summary>
        public string Next { get; }

        internal static Page<T> Read(JToken d, Func<JToken, T> read)
        {
            return new Page<T>(Json.List(Json.Need(d, "rows"), read), Json.Maybe(d["next"], Json.Text));
        }
    }

    /// <summary>An answer, and of which revision it is.</summary>
    public sealed class Answered<T>
    {
        internal Answered(long? seq, T answer)
        {
            Seq = seq;
            Answer = answer;
        }

        /// <summary>The revision it was read at, where it is about the world at a moment; else null.</summary>
        public long? Seq { get; }

        /// <summary>The answer.</summary>
        public T Answer { get; }
    }

    /// <summary>What a command led to; the same again when the request is repeated.</summary>
    public sealed class Executed<T>
    {
        internal Executed(JToken d, Func<JToken, T> answer)
        {
            Request = new RequestId(Json.Id(Json.Need(d, "request")));
            Seq = Json.Integer(Json.Need(d, "seq"));
            Token = Json.Text(Json.Need(d, "token"));
            At = Json.Time(Json.Need(d, "at"));
            Events = Json.List(Json.Need(d, "events"), Event.Read);
            Outcome = answer(Json.Need(d, "outcome"));
        }

        /// <summary>The request's id.</summary>
        public RequestId Request { get; }

        /// <summary>The number of its record, which is the revision after it.</summary>
        public long Seq { get; }

        /// <summary>Proof of that revision.</summary>
        public string Token { get; }

        /// <summary>When it happened.</summary>
        public DateTimeOffset At { get; }

        /// <summary>What the command answers with.</summary>
        public T Outcome { get; }

        /// <summary>What happened, as far as whoever asked may see it.</summary>
        public IReadOnlyList<Event> Events { get; }
    }

    /// <summary>A command on its way, for <see cref="Engine.ExecuteAll"/>.</summary>
    public sealed class Execution
    {
        /// <summary>Who asks, and what.</summary>
        public Execution(Actor actor, Command command)
        {
            if (actor == null) throw new ArgumentNullException("actor");
            if (command == null) throw new ArgumentNullException("command");
            Actor = actor;
            Command = command;
        }

        /// <summary>Who asks.</summary>
        public Actor Actor { get; }

        /// <summary>What is asked.</summary>
        public Command Command { get; }

        /// <summary>Names this request; made, if left out.</summary>
        public RequestId? Request { get; set; }

        /// <summary>The revision last seen; if the journal has moved on, the command is refused.</summary>
        public long? ExpectedSeq { get; set; }

        internal JObject Write()
        {
            var made = new JObject();
            made["actor"] = Actor.Write();
            made["command"] = Command.Write();
            if (Request != null) made["id"] = Json.Write(Request.Value.Value);
            if (ExpectedSeq != null) made["expected_seq"] = Json.Write(ExpectedSeq.Value);
            return made;
        }
    }

    /// <summary>What became of one command of several: it is done, or it is not.</summary>
    public sealed class Attempt
    {
        internal Attempt(Command command, JToken d)
        {
            if (Json.Holds(d, "executed")) Executed = new Executed<object>(d["executed"], command.AnswerAny);
            else Failure = TenantryException.Of(Fault.Read(Json.Need(d, "fault")), null);
        }

        /// <summary>What it led to; null where it was not done.</summary>
        public Executed<object> Executed { get; }

        /// <summary>Why it was not done; null where it was.</summary>
        public TenantryException Failure { get; }
    }
}
