using Tenantry;

namespace Journeys
{
    // A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.
    internal static class Fully
    {
        internal static void Play(Stage s)
        {
            s.Title("Fully managed: locked out, let in, and the way back");
            s.Remark("An MSP runs everything for a new customer, until the customer wants a say.");

            var northwind = s.Tenant(TenantKind.Msp, "Northwind IT", "NW-100");
            var ada = s.User("Ada", northwind, "ada@northwind.example", Roles.SuperAdmin);

            s.Heading("A new customer");
            System.Func<string[], Commands.AddCustomer> add = services =>
                new Commands.AddCustomer(northwind, TenantKind.Customer, "Hotel Lindgren", ManagementTypes.Fully, services) { Number = "HL-300" };
            s.Tries(ada, "adds Hotel Lindgren with nothing to manage", add(new string[0]));
            s.Tries(ada, "adds Hotel Lindgren with a service nobody offers", add(new[] { "telepathy" }));
            var added = s.Does(ada, "adds Hotel Lindgren, fully managed", add(new[] { Services.Manage }));
            var hotel = added.Tenant;
            var link = added.Link;
            s.Enlist(hotel, "Hotel Lindgren");
            s.Call(link, "Northwind IT → Hotel Lindgren");
            const string email = "lena@lindgren.example";
            var invited = s.Does(ada, "invites Lena to the hotel, to read", new Commands.InviteUser(hotel, new Invitee(email), Roles.ReadOnly));
            var lena = invited.User;
            s.Call(lena, "Lena");
            s.Does(lena, "accepts", new Commands.AcceptInvitation(invited.Invitation, email));

            var rights = new Watch(
                s,
                new Question(ada, Permissions.DevicesManage, hotel),
                new Question(ada, Permissions.UsersManage, hotel),
                new Question(ada, Permissions.LocationView, hotel),
                new Question(lena, Permissions.DevicesView, hotel),
                new Question(lena, Permissions.DevicesManage, hotel));
            rights.Follow(link);
            rights.Moment("fully managed");
            s.Remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.");

            s.Heading("What fully managed does not do");
            s.Tries(ada, "asks to delink", new Commands.RequestDelink(link));
            s.Does(ada, "manages one more service", new Commands.AddServices(link, new[] { Services.Configure }));
            var remove = new Commands.RemoveService(link, Services.Configure);
            s.Tries(ada, "takes it away again", remove);
            s.Does(new Actor.Operator { Ticket = "SUP-4711" }, "the operator, on SUP-4711,", "takes it away", remove);

            s.Heading("Conversion to jointly managed");
            var owner = new Invitee("lars@lindgren.example") { Name = "Lars" };
            s.Tries(ada, "converts the link", new Commands.ConvertLink(link, ManagementTypes.Jointly));
            var convert = new Commands.ConvertLink(link, ManagementTypes.Jointly) { Owner = owner };
            var first = s.Does(ada, "converts the link, with Lars as the hotel's owner", convert);
            s.Call(first.User, "Lars");
            s.Call(first.Invitation, "Lars at Hotel Lindgren");
            rights.Moment("converted");
            s.DaysPass(5);
            s.Does(ada, "reminds Lars", new Commands.ResendInvitation(first.Invitation));
            s.DaysPass(5);
            s.Tries(first.User, "signs up, too late", new Commands.AcceptInvitation(first.Invitation, owner.Email));
            var again = s.Does(ada, "invites Lars again", new Commands.InviteOwner(link, owner));
            var lars = again.User;
            s.Call(lars, "Lars");
            s.Call(again.Invitation, "Lars at Hotel Lindgren");
            s.Tries(lars, "signs up with another address", new Commands.AcceptInvitation(again.Invitation, "lars@elsewhere.example"));
            s.Does(lars, "signs up", new Commands.AcceptInvitation(again.Invitation, owner.Email));
            rights.Moment("signed up");

            s.Heading("The way back");
            s.Tries(ada, "converts the link back", new Commands.ConvertLink(link, ManagementTypes.Fully));
            s.Remark("There is a remedy, so they follow it.");
            s.Does(lars, "asks to delink", new Commands.RequestDelink(link));
            s.Does(ada, "accepts", new Commands.AcceptDelink(link));
            rights.Moment("delinked");
            var wish = new Commands.RequestLink(northwind, "HL-300", ManagementTypes.Fully, new[] { Services.Manage });
            var request = s.Does(ada, "asks to manage HL-300 fully", wish);
            s.Call(request, "Northwind IT → Hotel Lindgren");
            link = s.Does(lars, "accepts, and is locked out", new Commands.AcceptLink(request));
            rights.Follow(link);
            rights.Moment("fully again");

            s.Heading("Who could do what, and when");
            rights.Show();

            s.Heading("The history");
            s.History();
            s.Verify();
        }
    }
}
