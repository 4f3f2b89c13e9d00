using System;
using System.Collections.Generic;
using System.Linq;
using Tenantry;

namespace Journeys
{
    // Read before, compared after: what a command would lead to is told first, then it is done, and both are the same.
    internal static class Preview
    {
        internal static void Play(Stage s)
        {
            s.Title("Read before, compared after");
            s.Remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.");

            s.Heading("The cast");
            var northwind = s.Tenant(TenantKind.Msp, "Northwind IT", "NW-100");
            var ada = s.User("Ada", northwind, "ada@northwind.example", Roles.SuperAdmin);
            s.User("Ben", northwind, "ben@northwind.example", Roles.Admin);
            var bakery = s.Tenant(TenantKind.Customer, "Bäckerei Klein", "BK-200");
            var klara = s.User("Klara", bakery, "klara@klein.example", Roles.SuperAdmin);
            var karl = s.User("Karl", bakery, "karl@klein.example", Roles.ReadOnly);
            s.Introduce();

            s.Heading("Linked");
            var wish = new Commands.RequestLink(northwind, "BK-200", ManagementTypes.Jointly, new[] { Services.Manage });
            var asked = s.Does(ada, "asks to manage BK-200 jointly", wish);
            var link = s.Does(klara, "accepts", new Commands.AcceptLink(asked));
            s.Call(link, "Northwind IT → Bäckerei Klein");
            var delink = new Commands.RequestDelink(link);

            s.Heading("Whoever may not give it may not read it");
            var records = s.Engine.Refresh();
            s.IsRefused(karl, "would like to read what a delink leads to", () => s.Engine.Ask(new Queries.Preview(karl, delink)));
            if (s.Engine.Refresh() != records) throw new Stop("a preview was recorded");
            s.Holds("nothing was recorded, the refusal neither");

            s.Heading("A tenant is disabled");
            Actor support = new Actor.Operator { Ticket = "SUP-4713" };
            const string onTicket = "the operator, on SUP-4713,";
            Twice(s, support, onTicket, "disables the bakery", new Commands.DisableTenants(new[] { bakery }));
            s.Does(support, onTicket, "enables it again", new Commands.EnableTenants(new[] { bakery }));

            s.Heading("A policy changes");
            var policy = s.Engine.Ask(new Queries.Policy());
            policy.Name = "groups-are-theirs";
            policy.Reserved = policy.Reserved.Concat(new[] { Permissions.GroupsManage }).ToArray();
            Twice(s, support, onTicket, "reserves groups for customers", new Commands.SetPolicy(policy));

            s.Heading("A link is converted");
            var inn = AnInn(s, ada, northwind);
            var convert = new Commands.ConvertLink(inn.Link, ManagementTypes.Jointly) { Owner = new Invitee("olaf@inn.example") { Name = "Olaf" } };
            Twice(s, ada, "Ada", "converts the link to jointly managed", convert);

            s.Heading("A link ends");
            s.Does(klara, "asks to delink", delink);
            Twice(s, ada, "Ada", "accepts", new Commands.AcceptDelink(link));

            s.Heading("A tenant is deleted");
            Twice(s, support, onTicket, "deletes the inn", new Commands.DeleteTenants(new[] { inn.Tenant }, "delete"));
            s.Verify();
        }

        // A customer that is fully managed, and somebody of it who is locked out.
        private static AddedCustomer AnInn(Stage s, UserId ada, TenantId northwind)
        {
            const string email = "mila@inn.example";
            var customer = new Commands.AddCustomer(
                northwind, TenantKind.Customer, "Inn am See", ManagementTypes.Fully, new[] { Services.Manage }) { Number = "IN-400" };
            var added = s.Does(ada, "adds an inn, fully managed", customer);
            s.Call(added.Tenant, "Inn am See");
            s.Call(added.Link, "Northwind IT → Inn am See");
            var invite = new Commands.InviteUser(added.Tenant, new Invitee(email), Roles.ReadOnly);
            var invited = s.Does(ada, "invites Mila, to read there", invite);
            s.Call(invited.User, "Mila");
            s.Does(invited.User, "accepts, and is locked out", new Commands.AcceptInvitation(invited.Invitation, email));
            return added;
        }

        // Reads what a command would lead to, gives it, and compares.
        private static void Twice<T>(Stage s, Actor by, string who, string what, Command<T> command)
        {
            var before = s.Engine.Refresh();
            var foretold = s.Engine.Ask(new Queries.Preview(by, command));
            Tell(s, foretold);
            s.Does(by, who, what, command);
            var came = s.Engine.Rows(new Queries.HostAccessChanges { After = before }).ToList();
            var records = s.Engine.Rows(new Queries.HostRecords { After = before }).ToList();
            if (records.Count != 1 || Stage.Happened(records[0].Events) != Stage.Happened(foretold.Events))
            {
                throw new Stop(what + ": other things happened than were told before");
            }
            if (!foretold.Rights.Rows.All(one => CameSo(one, came)))
            {
                throw new Stop(what + ": somebody gains or loses other things than were told before");
            }
            s.Holds("it came as it was told, of " + foretold.Rights.Rows.Count + " of " + came.Count + " who gain or lose");
        }

        // Whether somebody gains and loses what they were told to before.
        private static bool CameSo(AccessChangeRow foretold, IEnumerable<AccessEvent> came)
        {
            var one = came.FirstOrDefault(it => it.User == foretold.User && it.Tenant == foretold.Tenant);
            return one != null && Same(one.Gained, foretold.Gained) && Same(one.Lost, foretold.Lost);
        }

        private static bool Same(IEnumerable<HeldPermission> some, IEnumerable<HeldPermission> others)
        {
            Func<HeldPermission, string> told = one => one.Permission + " " + one.ServicesOnly + " " + string.Join(" ", one.Services);
            return some.Select(told).SequenceEqual(others.Select(told));
        }

        // Shows what a command would lead to.
        private static void Tell(Stage s, Previewed foretold)
        {
            s.Remark("would happen: " + Stage.Happened(foretold.Events).Replace("\n", ", "));
            foreach (var notice in foretold.Notices)
            {
                var to = notice.To.Select(one =>
                {
                    var user = one as Subject.User;
                    return user == null ? s.Name(((Subject.Tenant)one).Value) : s.Name(user.Value);
                }).ToList();
                if (notice.Operator) to.Add("the operator");
                to.Sort(StringComparer.Ordinal);
                s.Remark("would be sent: " + notice.Kind.Tag + " → " + string.Join(", ", to));
            }
            s.Table(new[] { "who", "on", "would gain", "would lose" }, foretold.Rights.Rows.Select(one => new[]
            {
                Cell.Plain(s.Name(one.User)), Cell.Plain(s.Name(one.Tenant)), Cell.Good(May(one.Gained)), Cell.Bad(May(one.Lost)),
            }));
        }

        private static string May(IReadOnlyList<HeldPermission> all)
        {
            return Review.May(all);
        }
    }
}
