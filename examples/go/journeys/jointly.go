package main

import tenantry "tenantry.example/ffi/go"

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
	summary := got(s.engine.LookUp(tenantry.LookUpQuery{Actor: tenantry.ByUser(ada), Number: "bk-200"}))
	s.remark("Ada looks up bk-200 and learns this much: " + string(summary.Name) + ", " + string(summary.Kind) + ". Nothing else.")
	requestLink := tenantry.RequestLink{Manager: northwind, Number: "BK-200", Management: tenantry.ManagementJointly,
		Services: []tenantry.Service{tenantry.ServiceEnrollment, tenantry.ServiceManage}}
	request := outcome[tenantry.LinkRequestID](s.does(ada, "asks to manage BK-200 jointly", requestLink))
	s.call(request, "Northwind IT → Bäckerei Klein")
	rights.moment("asked")
	s.tries(ada, "asks again", requestLink)
	acceptLink := tenantry.AcceptLink{Request: request}
	s.tries(ben, "answers for the customer", acceptLink)
	link := outcome[tenantry.LinkID](s.does(klara, "accepts", acceptLink))
	rights.follow(link)
	rights.moment("linked")

	s.heading("The work")
	edit := tenantry.EditTenant{Tenant: bakery, Website: tenantry.Set[tenantry.Website]("https://baeckerei-klein.example")}
	s.does(ben, "enters the bakery's website", edit)
	const email = "kim@baeckerei-klein.example"
	invite := tenantry.InviteUser{Tenant: bakery, Role: tenantry.RoleAdmin, Invitee: tenantry.Invitee{Email: email}}
	s.tries(ben, "invites Kim to the bakery", invite)
	s.does(klara, "lets the MSP manage users", tenantry.SetManagerGrants{Link: link, Grants: []tenantry.Permission{tenantry.PermissionUsersManage}})
	invited := outcome[tenantry.InvitedUser](s.does(ben, "invites Kim to the bakery", invite))
	s.call(invited.User, "Kim")
	s.does(invited.User, "accepts", accept(invited, email))
	rights.moment("granted")

	s.heading("The parting")
	s.daysPass(90)
	s.does(ben, "asks to delink", tenantry.RequestDelink{Link: link})
	rights.moment("delink asked")
	s.tries(ada, "asks to delink, too", tenantry.RequestDelink{Link: link})
	s.tries(ada, "accepts her own side's request", tenantry.AcceptDelink{Link: link})
	s.daysPass(5)
	s.does(ben, "reminds the bakery", tenantry.ResendDelink{Link: link})
	s.does(klara, "rejects: there is a project to finish", tenantry.RejectDelink{Link: link})
	rights.moment("rejected")
	s.daysPass(30)
	s.does(ben, "asks to delink again", tenantry.RequestDelink{Link: link})
	s.does(klara, "accepts", tenantry.AcceptDelink{Link: link})
	rights.moment("delinked")
	s.tries(ben, "edits the website once more", edit)
	s.remark("To Ben the bakery does not exist any more; that is all he is told.")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("The bakery's audit, as Klara reads it")
	s.remark("People of the other side show as their organisation.")
	audit := got(s.engine.Audit(tenantry.AuditQuery{Actor: tenantry.ByUser(klara), Tenant: bakery, Paging: &tenantry.Paging{Limit: all}}))
	var rows [][]cell
	for _, it := range audit.Rows {
		command := "–"
		if it.Command != nil {
			command = *it.Command
		}
		rows = append(rows, s.recordRow(it.Seq, it.At, it.By.Is, command, it.Events))
	}
	s.table(journalColumns, rows)
	s.verify()
}

// accept accepts what somebody was invited with.
func accept(invited tenantry.InvitedUser, email tenantry.Email) tenantry.AcceptInvitation {
	return tenantry.AcceptInvitation{Invitation: invited.Invitation, Email: email}
}
