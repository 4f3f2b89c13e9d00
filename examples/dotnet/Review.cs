using System;
using System.Collections.Generic;
using System.Linq;
using Tenantry;

namespace Journeys
{
    // An auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what.
    internal static class Review
    {
        // The moment that the auditor asks about.
        private static readonly DateTimeOffset On3March = new DateTimeOffset(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
        private static readonly Actor Staff = new Actor.Operator();

        internal static void Play(Stage s)
        {
            s.Title("Who could reach this customer on 3 March");
            s.Remark("An auditor asks about a day that has passed, why it was so, and what has changed since.");

            s.Heading("The cast");
            var northwind = s.Tenant(TenantKind.Msp, "Northwind IT", "NW-100");
            var ada = s.User("Ada", northwind, "ada@northwind.example", Roles.SuperAdmin);
            var ben = s.User("Ben", northwind, "ben@northwind.example", Roles.Admin);
            var cleo = s.User("Cleo", northwind, "cleo@northwind.example", Roles.ReadOnly);
            var harbour = s.Tenant(TenantKind.Msp, "Harbour Security", "HS-300");
            var hana = s.User("Hana", harbour, "hana@harbour.example", Roles.Admin);
            var bakery = s.Tenant(TenantKind.Customer, "Bäckerei Klein", "BK-200");
            var klara = s.User("Klara", bakery, "klara@klein.example", Roles.SuperAdmin);
            s.User("Karl", bakery, "karl@klein.example", Roles.ReadOnly);
            s.Introduce();

            s.Heading("Up to 3 March");
            var both = new[] { Services.Enrollment, Services.Manage };
            var asked = s.Does(ada, "asks to manage BK-200 jointly", new Commands.RequestLink(northwind, "BK-200", ManagementTypes.Jointly, both));
            var link = s.Does(klara, "accepts", new Commands.AcceptLink(asked));
            s.Call(link, "Northwind IT → Bäckerei Klein");
            s.Does(klara, "lets Northwind manage users", new Commands.SetManagerGrants(link, new[] { Permissions.UsersManage }));
            var wish = new Commands.RequestLink(harbour, "NW-100", ManagementTypes.Jointly, both) { Term = new TermRequest { Days = 20 } };
            asked = s.Does(hana, "asks to manage NW-100 for twenty days", wish);
            var above = s.Does(ada, "accepts", new Commands.AcceptLink(asked));
            s.Call(above, "Harbour Security → Northwind IT");

            s.Heading("And after it");
            s.DaysPass(7);
            s.Does(ada, "blocks Ben, who has left", new Commands.BlockUser(ben));
            var admin = new[] { new NewAssignment(cleo, bakery, Roles.Admin) };
            s.Does(ada, "makes Cleo admin at the bakery", new Commands.Assign(admin));
            s.DaysPass(30);
            s.Does(klara, "takes the grant back", new Commands.SetManagerGrants(link, new string[0]));

            s.Heading("Who could reach the bakery on 3 March, as Klara reads it");
            s.Remark("Her own people have names; those of others are told as their organisation.");
            AsKlaraReadsIt(s, klara, bakery);

            s.Heading("The same as the platform's staff reads it, with the why");
            var then = new Queries.TenantAccess(Staff, bakery) { AsOf = On3March };
            var answered = s.Engine.Answered(then);
            WithTheWhy(s, answered.Answer.Rows);
            then.Filter = new AccessFilter { Permission = Permissions.UsersManage };
            var able = s.Engine.Rows(then).Select(one => s.Name(one.User)).OrderBy(one => one, StringComparer.Ordinal);
            s.Remark("users.manage was held by " + string.Join(", ", able) + ".");

            s.Heading("What has changed since");
            var changes = s.Engine.Rows(new Queries.TenantAccessChanges(Staff, bakery, On3March));
            s.Table(new[] { "who", "gained", "lost" }, changes.Select(one => new[]
            {
                Cell.Plain(s.Name(one.User)), Cell.Good(May(one.Gained)), Cell.Bad(May(one.Lost)),
            }));

            s.Heading("By which record");
            ByWhichRecord(s, bakery, answered.Seq.Value);
            s.Remark("What has ended by time alone has no command; it comes with the record that was next.");

            s.Heading("What Cleo can reach today, as she reads it");
            s.Table(new[] { "tenant", "number", "may" }, s.Engine.Rows(new Queries.UserAccess(cleo, cleo)).Select(one => new[]
            {
                Cell.Plain(one.Name), Cell.Faint(one.Number), Cell.Plain(May(one.Ways[0].Held)),
            }));
            s.Verify();
        }

        // What somebody may do: by name, or how much, where it is more than two permissions.
        internal static string May(IReadOnlyList<HeldPermission> all)
        {
            if (all.Count == 0) return "–";
            return all.Count > 2 ? all.Count + " permissions" : string.Join("\n", all.Select(one => one.Permission));
        }

        private static void AsKlaraReadsIt(Stage s, UserId klara, TenantId bakery)
        {
            var own = s.Engine.Rows(new Queries.TenantAccess(klara, bakery) { AsOf = On3March }).Select(one => new[]
            {
                Cell.Plain(s.Name(one.User)), Cell.Faint(s.Name(one.Home)), Cell.Plain(May(one.Ways[0].Held)),
            });
            var others = s.Engine.Ask(new Queries.OrganisationAccess(klara, bakery) { AsOf = On3March }).Select(one => new[]
            {
                Cell.Faint("somebody"), Cell.Plain(one.Organisation.Name), Cell.Plain(May(one.Held)),
            });
            s.Table(new[] { "who", "of", "could" }, own.Concat(others));
        }

        // Some lines, or that there are none.
        private static Cell OrDash(IEnumerable<string> lines)
        {
            var all = string.Join("\n", lines);
            return all == "" ? Cell.Faint("–") : Cell.Plain(all);
        }

        // By which role and through which links, and what of it rests on a grant.
        private static void WithTheWhy(Stage s, IEnumerable<TenantAccessRow> all)
        {
            s.Table(new[] { "who", "by the role", "through the link", "could", "by a grant" }, all.Select(one =>
            {
                var way = one.Ways[0];
                return new[]
                {
                    Cell.Plain(s.Name(one.User)),
                    Cell.Plain(way.Grounds == null ? "–" : way.Grounds.Role + " of " + s.Name(way.Grounds.Tenant)),
                    OrDash(way.Chain.Select(link => s.Name(link))),
                    Cell.Plain(May(way.Held)),
                    OrDash(way.Granted),
                };
            }));
        }

        // What the feed has of a tenant from a record on.
        private static void ByWhichRecord(Stage s, TenantId of, long after)
        {
            var feed = s.Engine.Rows(new Queries.HostAccessChanges { After = after }).Where(one => one.Tenant == of);
            s.Table(new[] { "record", "since", "command", "who", "gained", "lost" }, feed.Select(one => new[]
            {
                Cell.Count(one.Seq),
                Cell.Faint(Stage.ClockFace(one.At)),
                one.Command == null ? Cell.Faint("–") : Cell.Plain(one.Command),
                Cell.Plain(s.Name(one.User)),
                Cell.Good(May(one.Gained)),
                Cell.Bad(May(one.Lost)),
            }));
        }
    }
}
