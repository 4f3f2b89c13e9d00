package main

import tenantry "tenantry.example/ffi/go"

// fully: a new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.
func fully(s *stage) {
	s.title("Fully managed: locked out, let in, and the way back")
	s.remark("An MSP runs everything for a new customer, until the customer wants a say.")

	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")

	s.heading("A new customer")
	add := func(services ...string) object {
		return object{"command": "add_customer", "manager": northwind, "kind": "customer", "name": "Hotel Lindgren",
			"number": "HL-300", "management": "fully", "services": append([]string{}, services...)}
	}
	s.tries(ada, "adds Hotel Lindgren with nothing to manage", add())
	s.tries(ada, "adds Hotel Lindgren with a service nobody offers", add("telepathy"))
	added := outcome[struct{ Tenant, Link id }](s.does(ada, "adds Hotel Lindgren, fully managed", add("manage")))
	hotel, link := added.Tenant, added.Link
	s.enlist(hotel, "Hotel Lindgren")
	s.call(link, "Northwind IT → Hotel Lindgren")
	const email = "lena@lindgren.example"
	invited := outcome[invitation](s.does(ada, "invites Lena to the hotel, to read",
		object{"command": "invite_user", "tenant": hotel, "role": "read_only", "invitee": object{"email": email}}))
	lena := invited.User
	s.call(lena, "Lena")
	s.does(lena, "accepts", invited.accept(email))

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
	s.tries(ada, "asks to delink", object{"command": "request_delink", "link": link})
	s.does(ada, "manages one more service", object{"command": "add_services", "link": link, "services": []string{"configure"}})
	remove := object{"command": "remove_service", "link": link, "service": "configure"}
	s.tries(ada, "takes it away again", remove)
	s.doesAs(tenantry.Operator("SUP-4711"), "the operator, on SUP-4711,", "takes it away", remove)

	s.heading("Conversion to jointly managed")
	convert := object{"command": "convert_link", "link": link, "management": "jointly"}
	s.tries(ada, "converts the link", convert)
	owner := object{"email": "lars@lindgren.example", "name": "Lars"}
	convert["owner"] = owner
	first := outcome[invitation](s.does(ada, "converts the link, with Lars as the hotel's owner", convert))
	s.call(first.User, "Lars")
	s.call(first.Invitation, "Lars at Hotel Lindgren")
	rights.moment("converted")
	s.daysPass(5)
	s.does(ada, "reminds Lars", object{"command": "resend_invitation", "invitation": first.Invitation})
	s.daysPass(5)
	s.tries(first.User, "signs up, too late", first.accept("lars@lindgren.example"))
	again := outcome[invitation](s.does(ada, "invites Lars again", object{"command": "invite_owner", "link": link, "owner": owner}))
	lars := again.User
	s.call(lars, "Lars")
	s.call(again.Invitation, "Lars at Hotel Lindgren")
	s.tries(lars, "signs up with another address", again.accept("lars@elsewhere.example"))
	s.does(lars, "signs up", again.accept("lars@lindgren.example"))
	rights.moment("signed up")

	s.heading("The way back")
	s.tries(ada, "converts the link back", object{"command": "convert_link", "link": link, "management": "fully"})
	s.remark("There is a remedy, so they follow it.")
	s.does(lars, "asks to delink", object{"command": "request_delink", "link": link})
	s.does(ada, "accepts", object{"command": "accept_delink", "link": link})
	rights.moment("delinked")
	request := outcome[id](s.does(ada, "asks to manage HL-300 fully", object{"command": "request_link", "manager": northwind,
		"number": "HL-300", "management": "fully", "services": []string{"manage"}}))
	s.call(request, "Northwind IT → Hotel Lindgren")
	link = outcome[id](s.does(lars, "accepts, and is locked out", object{"command": "accept_link", "request": request}))
	rights.follow(link)
	rights.moment("fully again")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("The history")
	s.history()
	s.verify()
}
