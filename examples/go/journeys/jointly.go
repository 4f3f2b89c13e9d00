package main

// jointly: an existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back.
func jointly(s *stage) {
	s.title("Jointly managed: link, work, delink")
	s.remark("An MSP and its customer share the work, and part as friends.")

	s.heading("The cast")
	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")
	ben := s.user("Ben", northwind, "ben@northwind.example", "admin")
	bakery := s.tenant("customer", "Bäckerei Klein", "BK-200")
	klara := s.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin")
	karl := s.user("Karl", bakery, "karl@baeckerei-klein.example", "read_only")
	s.introduce()

	rights := s.watch(
		question{ben, "tenant.edit", bakery},
		question{ben, "devices.manage", bakery},
		question{ben, "users.manage", bakery},
		question{ben, "location.view", bakery},
		question{klara, "devices.manage", bakery},
		question{klara, "location.view", bakery},
		question{karl, "devices.view", bakery},
	)
	rights.moment("before")

	s.heading("The link")
	summary := ask[struct{ Name, Kind string }](s, object{"query": "look_up", "actor": object{"user": ada}, "number": "bk-200"})
	s.remark("Ada looks up bk-200 and learns this much: " + summary.Name + ", " + summary.Kind + ". Nothing else.")
	requestLink := object{"command": "request_link", "manager": northwind, "number": "BK-200", "management": "jointly",
		"services": []string{"enrollment", "manage"}}
	request := outcome[id](s.does(ada, "asks to manage BK-200 jointly", requestLink))
	s.call(request, "Northwind IT → Bäckerei Klein")
	rights.moment("asked")
	s.tries(ada, "asks again", requestLink)
	acceptLink := object{"command": "accept_link", "request": request}
	s.tries(ben, "answers for the customer", acceptLink)
	link := outcome[id](s.does(klara, "accepts", acceptLink))
	rights.follow(link)
	rights.moment("linked")

	s.heading("The work")
	edit := object{"command": "edit_tenant", "tenant": bakery, "website": "https://baeckerei-klein.example"}
	s.does(ben, "enters the bakery's website", edit)
	const email = "kim@baeckerei-klein.example"
	invite := object{"command": "invite_user", "tenant": bakery, "role": "admin", "invitee": object{"email": email}}
	s.tries(ben, "invites Kim to the bakery", invite)
	s.does(klara, "lets the MSP manage users", object{"command": "set_manager_grants", "link": link, "grants": []string{"users.manage"}})
	invited := outcome[invitation](s.does(ben, "invites Kim to the bakery", invite))
	s.call(invited.User, "Kim")
	s.does(invited.User, "accepts", invited.accept(email))
	rights.moment("granted")

	s.heading("The parting")
	onLink := func(command string) object { return object{"command": command, "link": link} }
	s.daysPass(90)
	s.does(ben, "asks to delink", onLink("request_delink"))
	rights.moment("delink asked")
	s.tries(ada, "asks to delink, too", onLink("request_delink"))
	s.tries(ada, "accepts her own side's request", onLink("accept_delink"))
	s.daysPass(5)
	s.does(ben, "reminds the bakery", onLink("resend_delink"))
	s.does(klara, "rejects: there is a project to finish", onLink("reject_delink"))
	rights.moment("rejected")
	s.daysPass(30)
	s.does(ben, "asks to delink again", onLink("request_delink"))
	s.does(klara, "accepts", onLink("accept_delink"))
	rights.moment("delinked")
	s.tries(ben, "edits the website once more", edit)
	s.remark("To Ben the bakery does not exist any more; that is all he is told.")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("The bakery's audit, as Klara reads it")
	s.remark("People of the other side show as their organisation.")
	audit := ask[struct{ Rows []record }](s, object{"query": "audit", "actor": object{"user": klara}, "tenant": bakery, "paging": object{"limit": all}})
	var rows [][]cell
	for _, it := range audit.Rows {
		rows = append(rows, s.recordRow(it, it.By))
	}
	s.table(journalColumns, rows)
	s.verify()
}

// invitation is what somebody was invited with.
type invitation struct{ User, Invitation id }

func (i invitation) accept(email string) object {
	return object{"command": "accept_invitation", "invitation": i.Invitation, "email": email}
}
