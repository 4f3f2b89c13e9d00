using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using Tenantry;

namespace Journeys
{
    // What every journey plays on: an engine on a file, a clock that the journey moves, ids that count up, and names for ids. It never
    // decides anything: every yes and every no on the page is tenantry's answer.
    internal sealed class Stage : Page, IDisposable
    {
        // Who takes the notices off the file.
        private const string Postman = "postman";

        // The most rows that one answer has; no journey has more.
        private const long All = 1000;

        internal static readonly string[] JournalColumns = { "seq", "at", "from", "command", "what happened" };

        internal readonly Engine Engine;

        // Monday, 2 March 2026, eight o'clock: when every journey begins.
        private long ticks = new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero).UtcTicks;
        private long next;
        private readonly Dictionary<string, string> names = new Dictionary<string, string>();
        private readonly List<Player> cast = new List<Player>();

        private sealed class Player
        {
            internal TenantId Tenant;
            internal readonly List<string> People = new List<string>();
        }

        internal Stage(string path)
        {
            Engine = Engine.Open(path, new EngineOptions { Policy = "default", Now = () => Now, NewId = Counted });
        }

        public void Dispose()
        {
            Engine.Dispose();
        }

        // Time and ids.

        private DateTimeOffset Now
        {
            get { return new DateTimeOffset(Interlocked.Read(ref ticks), TimeSpan.Zero); }
        }

        private Guid Counted()
        {
            var number = Interlocked.Increment(ref next);
            var bytes = new byte[16];
            for (var place = 0; place < 8; place++) bytes[15 - place] = (byte)(number >> (8 * place));
            return Ids.FromBytes(bytes);
        }

        private void MinutesPass()
        {
            Interlocked.Add(ref ticks, TimeSpan.FromMinutes(5).Ticks);
        }

        // Some days pass, and what time alone brings about happens.
        internal void DaysPass(int days)
        {
            Interlocked.Add(ref ticks, TimeSpan.FromDays(days).Ticks);
            var happened = Engine.Sweep();
            Remark("… " + days + " days pass …");
            if (happened > 0) Deliver();
        }

        // A moment to the minute.
        internal static string ClockFace(DateTimeOffset at)
        {
            return at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        }

        // Names.

        internal void Call<T>(T id, string name) where T : struct
        {
            names[id.ToString()] = name;
        }

        internal string Name<T>(T id) where T : struct
        {
            string name;
            return names.TryGetValue(id.ToString(), out name) ? name : id.ToString();
        }

        // A text in which ids give way to names.
        private string InNames(string text)
        {
            return names.Aggregate(text, (so_far, one) => so_far.Replace(one.Key, one.Value));
        }

        private string ActorName(Actor actor)
        {
            var user = actor as Actor.User;
            if (user != null) return Name(user.Value);
            var staff = actor as Actor.Operator;
            if (staff == null) return "the " + actor.Tag;
            return staff.Ticket == null ? "the operator" : "the operator, on " + staff.Ticket;
        }

        // The cast.

        private static readonly Actor Staff = new Actor.Operator();

        // Registers a tenant, as the platform's operator does.
        internal TenantId Tenant(TenantKind kind, string name, string number)
        {
            var made = Engine.Execute(Staff, new Commands.RegisterTenant(kind, name) { Number = number }).Outcome;
            Enlist(made, name);
            return made;
        }

        // Takes a tenant into the cast.
        internal void Enlist(TenantId tenant, string name)
        {
            Call(tenant, name);
            cast.Add(new Player { Tenant = tenant });
        }

        // Registers a user, as the platform's operator does.
        internal UserId User(string name, TenantId home, string email, string role)
        {
            var made = Engine.Execute(Staff, new Commands.RegisterUser(home, email, role) { Name = name }).Outcome;
            Call(made, name);
            foreach (var one in cast.Where(one => one.Tenant == home)) one.People.Add(name + " (" + role + ")");
            return made;
        }

        // Shows who plays.
        internal void Introduce()
        {
            var rows = new List<Cell[]>();
            foreach (var one in cast)
            {
                var it = Engine.Ask(new Queries.HostEntity(Kind.Tenant, one.Tenant.Value)).Tenant;
                var people = one.People.Count == 0 ? Cell.Faint("–") : Cell.Plain(string.Join(", ", one.People));
                var kind = it.Kind.ToString().ToLowerInvariant();
                rows.Add(new[] { Cell.Plain(it.Name), Cell.Faint(it.Number), Cell.Plain(kind), people });
            }
            Table(new[] { "tenant", "number", "kind", "people" }, rows);
        }

        // The story.

        // Somebody does something, and it is done. `who` is how the page calls them.
        internal T Does<T>(Actor by, string who, string what, Command<T> command)
        {
            MinutesPass();
            var done = Engine.Execute(by, command);
            Done(ClockFace(done.At), who + " " + what);
            Deliver();
            return done.Outcome;
        }

        internal T Does<T>(UserId by, string what, Command<T> command)
        {
            return Does(by, Name(by), what, command);
        }

        // Somebody tries something, and it is refused.
        internal void Tries<T>(UserId by, string what, Command<T> command)
        {
            MinutesPass();
            IsRefused(by, what, () => Engine.Execute(by, command));
        }

        internal void IsRefused(UserId by, string what, Action does)
        {
            var line = Name(by) + " " + what;
            try
            {
                does();
            }
            catch (RefusedException no)
            {
                Refused(ClockFace(Now), line, no.Number, no.Name, InNames(no.Fault.Message), no.Remedy);
                return;
            }
            throw new Stop(line + ": was to be refused");
        }

        // Delivers the notices that wait: the address is looked up now, and then they are acknowledged.
        private void Deliver()
        {
            var waiting = Engine.Ask(new Queries.Notices(Postman) { Limit = All });
            foreach (var notice in waiting.Notices)
            {
                var to = new List<string>();
                if (notice.To.Operator) to.Add("the operator");
                foreach (var user in notice.To.Users)
                {
                    var known = Engine.Ask(new Queries.HostPersonal(new Subject.User(user)));
                    to.Add(known == null || known.Email == null ? "nobody any more" : known.Email);
                }
                to.Sort(StringComparer.Ordinal);
                Mail(notice.Kind.Tag, to);
            }
            Engine.Acknowledge(Postman, waiting.Through);
        }

        // What happened, by name; repeated things are counted.
        internal static string Happened(IEnumerable<Event> events)
        {
            return string.Join("\n", events.GroupBy(one => one.Tag).Select(one => one.Count() > 1 ? one.Key + " × " + one.Count() : one.Key));
        }

        // Shows what the journal holds, record by record.
        internal void History()
        {
            Table(JournalColumns, Engine.Rows(new Queries.HostRecords { Paging = new Paging { Limit = All } }).Select(it => new[]
            {
                Cell.Count(it.Seq),
                Cell.Faint(ClockFace(it.At)),
                Cell.Plain(ActorName(it.Actor)),
                Cell.Plain(it.Command ?? "–"),
                Cell.Plain(Happened(it.Events)),
            }));
        }

        // Replays the whole journal and says that it holds.
        internal void Verify()
        {
            var flawed = Engine.Ask(new Queries.Verify()) as Verification.Flawed;
            if (flawed != null) throw new Stop("the journal does not hold: " + flawed.Why);
            Gap();
            Holds("the journal holds: " + Engine.Refresh() + " records, replayed, lead to exactly what the file says");
        }
    }

    // Rights that a journey keeps asking for, moment by moment.
    internal sealed class Watch
    {
        private static readonly Dictionary<Tenantry.Stage, string> Statuses = new Dictionary<Tenantry.Stage, string>
        {
            { Tenantry.Stage.Active, "Active" },
            { Tenantry.Stage.DelinkRequestedByManager, "Delink request by MSP" },
            { Tenantry.Stage.DelinkRequestedByCustomer, "Delink request by customer" },
            { Tenantry.Stage.Delinked, "Delinked" },
        };

        private sealed class Seen
        {
            internal string Name, Status;
            internal AccessVerdict[] Verdicts;
        }

        private readonly Stage stage;
        private readonly Question[] questions;
        private readonly List<Seen> moments = new List<Seen>();
        private LinkId? link;

        internal Watch(Stage stage, params Question[] questions)
        {
            this.stage = stage;
            this.questions = questions;
        }

        // From now on the status of this link is shown, too.
        internal void Follow(LinkId followed)
        {
            link = followed;
        }

        // Asks everything, now.
        internal void Moment(string name)
        {
            var status = "–";
            if (link != null) status = Statuses[stage.Engine.Ask(new Queries.HostEntity(Kind.Link, link.Value.Value)).Link.Stage];
            var verdicts = questions.Select(it => stage.Engine.Check(it.User, it.Permission, it.Tenant)).ToArray();
            moments.Add(new Seen { Name = name, Status = status, Verdicts = verdicts });
        }

        // A few words as the head of a narrow column, one below the other.
        private static string Column(string words)
        {
            return words.Replace(' ', '\n');
        }

        // Shows what was answered, and asks the same again of the past. The heading has said which tenant it is about.
        internal void Show()
        {
            var header = new[] { "who", "wants" }.Concat(moments.Select(then => Column(then.Name))).ToArray();
            var status = new[] { Cell.Faint("link"), Cell.Faint("status") }.Concat(moments.Select(then => Cell.Faint(Column(then.Status))));
            var rows = new List<Cell[]> { status.ToArray() };
            for (var place = 0; place < questions.Length; place++)
            {
                var it = questions[place];
                var again = place > 0 && questions[place - 1].User == it.User;
                var row = new List<Cell> { Cell.Plain(again ? "" : stage.Name(it.User)), Cell.Plain(it.Permission) };
                foreach (var then in moments)
                {
                    var found = then.Verdicts[place];
                    row.Add(found.Allowed ? Cell.Good("yes") : Cell.Bad("no " + (int)found.Reason.Value));
                }
                rows.Add(row.ToArray());
            }
            stage.Table(header, rows);
            var codes = moments.SelectMany(then => then.Verdicts).Where(one => !one.Allowed).Select(one => one.Reason.Value);
            foreach (var code in codes.Distinct().OrderBy(one => one))
            {
                stage.Remark((int)code + " " + NativeLibraryInfo.NameOf(code) + " (" + NativeLibraryInfo.RuleOf(code) + ")");
            }
            AskThePast();
        }

        private void AskThePast()
        {
            foreach (var then in moments)
            {
                var seq = then.Verdicts[0].Seq;
                var found = stage.Engine.Ask(new Queries.CheckMany(questions) { AsOf = seq });
                for (var place = 0; place < questions.Length; place++)
                {
                    var was = then.Verdicts[place];
                    if (found[place].Allowed != was.Allowed || found[place].Reason != was.Reason)
                    {
                        throw new Stop("the past of seq " + seq + " answers differently");
                    }
                }
            }
            stage.Holds("asked of the past today, every cell is the same");
        }
    }
}
