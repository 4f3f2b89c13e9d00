package main

import tenantry "tenantry.example/ffi/go"

// fully: a new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.
func fully(s *stage) {
	s.title("Fully managed: locked out, let in, and the way back")
	s.remark("An MSP runs everything for a new customer, until the customer wants a say.")

	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")

	s.heading("A new customer")
	add := func(services ...tenantry.Service) tenantry.AddCustomer {
		return tenantry.AddCustomer{Manager: northwind, Kind: tenantry.TenantKindCustomer, Name: "Hotel Lindgren",
			Number: tenantry.Ptr[tenantry.Number]("HL-300"), Management: tenantry.ManagementFully, Services: services}
	}
	s.tries(ada, "adds Hotel Lindgren with nothing to manage", add())
	s.tries(ada, "adds Hotel Lindgren with a service nobody offers", add("telepathy"))
	added := outcome[tenantry.AddedCustomer](s.does(ada, "adds Hotel Lindgren, fully managed", add(tenantry.ServiceManage)))
	hotel, link := added.Tenant, added.Link
	s.enlist(hotel, "Hotel Lindgren")
	s.call(link, "Northwind IT → Hotel Lindgren")
	const email = "lena@lindgren.example"
	invited := outcome[tenantry.InvitedUser](s.does(ada, "invites Lena to the hotel, to read",
		tenantry.InviteUser{Tenant: hotel, Role: tenantry.RoleReadOnly, Invitee: tenantry.Invitee{Email: email}}))
	lena := invited.User
	s.call(lena, "Lena")
	s.does(lena, "accepts", accept(invited, email))

	rights := s.watch(
		question{ada, "devices.manage", hotel},
		question{ada, "users.manage", hotel},
		question{ada, "location.view", hotel},
		question{lena, "devices.view", hotel},
		question{lena, "devices.manage", hotel},
	)
	rights.follow(link)
	rights.moment("fully managed")
	s.remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.")

	s.heading("What fully managed does not do")
	s.tries(ada, "asks to delink", tenantry.RequestDelink{Link: link})
	s.does(ada, "manages one more service", tenantry.AddServices{Link: link, Services: []tenantry.Service{tenantry.ServiceConfigure}})
	remove := tenantry.RemoveService{Link: link, Service: tenantry.ServiceConfigure}
	s.tries(ada, "takes it away again", remove)
	s.doesAs(tenantry.Operator("SUP-4711"), "the operator, on SUP-4711,", "takes it away", remove)

	s.heading("Conversion to jointly managed")
	convert := tenantry.ConvertLink{Link: link, Management: tenantry.ManagementJointly}
	s.tries(ada, "converts the link", convert)
	owner := tenantry.Invitee{Email: "lars@lindgren.example", Name: tenantry.Ptr[tenantry.PersonName]("Lars")}
	convert.Owner = &owner
	first := outcome[tenantry.InvitedUser](s.does(ada, "converts the link, with Lars as the hotel's owner", convert))
	s.call(first.User, "Lars")
	s.call(first.Invitation, "Lars at Hotel Lindgren")
	rights.moment("converted")
	s.daysPass(5)
	s.does(ada, "reminds Lars", tenantry.ResendInvitation{Invitation: first.Invitation})
	s.daysPass(5)
	s.tries(first.User, "signs up, too late", accept(first, "lars@lindgren.example"))
	again := outcome[tenantry.InvitedUser](s.does(ada, "invites Lars again", tenantry.InviteOwner{Link: link, Owner: owner}))
	lars := again.User
	s.call(lars, "Lars")
	s.call(again.Invitation, "Lars at Hotel Lindgren")
	s.tries(lars, "signs up with another address", accept(again, "lars@elsewhere.example"))
	s.does(lars, "signs up", accept(again, "lars@lindgren.example"))
	rights.moment("signed up")

	s.heading("The way back")
	s.tries(ada, "converts the link back", tenantry.ConvertLink{Link: link, Management: tenantry.ManagementFully})
	s.remark("There is a remedy, so they follow it.")
	s.does(lars, "asks to delink", tenantry.RequestDelink{Link: link})
	s.does(ada, "accepts", tenantry.AcceptDelink{Link: link})
	rights.moment("delinked")
	request := outcome[tenantry.LinkRequestID](s.does(ada, "asks to manage HL-300 fully", tenantry.RequestLink{Manager: northwind,
		Number: "HL-300", Management: tenantry.ManagementFully, Services: []tenantry.Service{tenantry.ServiceManage}}))
	s.call(request, "Northwind IT → Hotel Lindgren")
	link = outcome[tenantry.LinkID](s.does(lars, "accepts, and is locked out", tenantry.AcceptLink{Request: request}))
	rights.follow(link)
	rights.moment("fully again")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("The history")
	s.history()
	s.verify()
}
