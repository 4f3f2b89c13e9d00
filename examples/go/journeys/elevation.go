package main

import (
	"time"

	tenantry "tenantry.example/ffi/go"
)

// elevation: a technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember.
// Then they may take more by themselves, when they need it and with a reason.
func elevation(s *stage) {
	s.title("Elevation: a technician's two hours")
	s.remark("A role may be given for a while. Time alone ends it; nobody has to remember.")

	s.heading("The cast")
	northwind := s.tenant("msp", "Northwind IT", "NW-100")
	ada := s.user("Ada", northwind, "ada@northwind.example", "super_admin")
	tom := s.user("Tom", northwind, "tom@northwind.example", "read_only")
	bakery := s.tenant("customer", "Bäckerei Klein", "BK-200")
	klara := s.user("Klara", bakery, "klara@klein.example", "super_admin")
	s.introduce()

	s.heading("Linked")
	asked := outcome[tenantry.LinkRequestID](s.does(ada, "asks to manage BK-200 jointly", tenantry.RequestLink{Manager: northwind,
		Number: "BK-200", Management: tenantry.ManagementJointly, Services: []tenantry.Service{tenantry.ServiceManage}}))
	link := outcome[tenantry.LinkID](s.does(klara, "accepts", tenantry.AcceptLink{Request: asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")

	s.heading("Nothing for good, away from home")
	policy := got(s.engine.Policy(tenantry.PolicyQuery{}))
	policy.Name = "for-a-while"
	policy.Temporary = &tenantry.TemporaryRule{Required: true, MaxDays: tenantry.Ptr(int64(30))}
	s.doesAs(tenantry.Operator("SUP-4713"), "the operator, on SUP-4713,", "wants an end of every such role",
		tenantry.SetPolicy{Policy: policy})
	// An admin of the bakery, from and until then, or for good.
	admin := func(starts, ends *time.Time) tenantry.Assign {
		given := tenantry.NewAssignment{User: tom, Tenant: bakery, Role: tenantry.RoleAdmin}
		return tenantry.Assign{Assignments: []tenantry.NewAssignment{given}, Starts: starts, Ends: ends}
	}
	s.tries(ada, "makes Tom an admin of the bakery for good", admin(nil, nil))

	s.heading("Two hours")
	rights := s.watch(
		question{tom, "devices.view", bakery},
		question{tom, "devices.manage", bakery},
		question{tom, "tenant.edit", bakery},
		question{ada, "devices.manage", bakery},
	)
	rights.follow(link)
	rights.moment("before")
	s.does(ada, "makes Tom an admin of the bakery until 10:30", admin(nil, march(2, 10, 30)))
	rights.moment("given")
	s.why(tom, bakery)
	edit := tenantry.EditTenant{Tenant: bakery, Website: tenantry.Set[tenantry.Website]("https://klein.example")}
	s.does(tom, "enters the bakery's website", edit)
	s.tries(tom, "gives himself a week of it", admin(nil, march(9, 10, 30)))

	s.heading("A night to come")
	s.does(ada, "makes him one for the night of Saturday, too", admin(march(7, 22, 0), march(8, 2, 0)))
	s.remark("Who has access for a while, as Ada reads it:")
	s.listed(ada, bakery)
	s.remark("As Klara does, who is told of Northwind's people as their organisation:")
	s.listed(klara, bakery)

	s.heading("Half past ten comes, and Saturday")
	s.hoursPass(2)
	rights.moment("over")
	s.tries(tom, "edits the website once more", edit)
	s.daysPass(5)
	s.hoursPass(12)
	rights.moment("Saturday night")
	s.does(ada, "takes it back before its end", tenantry.Unassign{
		Assignments: []tenantry.UserOnTenant{{User: tom, Tenant: bakery}}, Ends: march(8, 2, 0)})
	rights.moment("taken back")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("Eligible for three weeks")
	weeks := admin(nil, march(28, 22, 0))
	weeks.Eligible = true
	s.does(ada, "lets Tom be an admin of the bakery whenever he needs it", weeks)
	s.remark("What Tom may activate, as he reads it:")
	s.eligible(tom)
	own := s.watch(question{tom, "tenant.view", bakery}, question{tom, "devices.manage", bakery})
	own.moment("eligible")
	activate := func(minutes int64, reason tenantry.Reason) tenantry.Activate {
		return tenantry.Activate{Tenant: bakery, Role: tenantry.RoleAdmin, Minutes: minutes, Reason: reason}
	}
	s.tries(tom, "activates it for nine hours", activate(540, "TCK-4711: mail is down"))
	active := outcome[tenantry.ActivatedRole](s.does(tom, "activates it for two hours", activate(120, "TCK-4711: mail is down")))
	s.remark("It is active until " + clockFace(active.Ends) + ".")
	own.moment("active")
	s.why(tom, bakery)
	s.eligible(tom)
	s.does(tom, "is done, and gives it back", tenantry.Deactivate{Tenant: bakery, Role: tenantry.RoleAdmin})
	own.moment("given back")

	s.heading("A sanction lies over it")
	s.does(tom, "activates it once more", activate(60, "TCK-4712: a till is stuck"))
	kept := tenantry.NewAssignment{User: tom, Tenant: bakery, Role: tenantry.RoleNoAccess}
	s.does(ada, "keeps Tom off the bakery for a week",
		tenantry.Assign{Assignments: []tenantry.NewAssignment{kept}, Ends: march(14, 22, 0)})
	own.moment("kept off")
	s.does(tom, "activates it again, to no avail", activate(60, "TCK-4712: a till is stuck"))
	own.moment("still so")
	s.listed(ada, bakery)

	s.heading("What Tom could do, and when")
	own.show()

	s.heading("What the journal holds")
	s.history()
	s.verify()
}

// march is a moment of that month.
func march(day, hour, minute int) *time.Time {
	return tenantry.Ptr(time.Date(2026, time.March, day, hour, minute, 0, 0, time.UTC))
}

// why: by which role somebody may manage devices, and for how long.
func (s *stage) why(who tenantry.UserID, where tenantry.TenantID) {
	asked := tenantry.CheckQuery{User: who, Permission: tenantry.PermissionDevicesManage, Tenant: where}
	grounds := got(s.engine.CheckAt(asked)).Grounds
	until := "for good"
	if grounds.Ends != nil {
		until = "until " + clockFace(*grounds.Ends)
	}
	s.remark(s.name(who) + " may manage devices there: by the role " + string(grounds.Role) + " on " + s.name(grounds.Tenant) + ", " +
		until + ".")
}

// listed shows who has access to a tenant for a while, as somebody is told.
func (s *stage) listed(by tenantry.UserID, where tenantry.TenantID) {
	var rows [][]cell
	for _, one := range got(s.engine.TemporaryAccess(tenantry.TemporaryAccessQuery{Actor: tenantry.ByUser(by), Tenant: where})).Rows {
		who, now := "somebody of "+s.name(one.Home), faint("–")
		if one.User != nil {
			who = s.name(*one.User)
		}
		if one.Decides {
			now = good("yes")
		}
		how := "given"
		if one.Eligible {
			how = "eligible"
		} else if one.Activated {
			how = "activated"
		}
		rows = append(rows, []cell{plain(who), plain(string(one.Role)), plain(how), faint(clockFace(one.Starts)),
			faint(clockFace(one.Ends)), now})
	}
	s.table([]string{"who", "role", "how", "from", "until", "now"}, rows)
}

// eligible shows what somebody may activate, as they are told.
func (s *stage) eligible(by tenantry.UserID) {
	var rows [][]cell
	for _, one := range got(s.engine.EligibleRoles(tenantry.EligibleRolesQuery{Actor: tenantry.ByUser(by)})).Rows {
		active := faint("–")
		if one.ActiveUntil != nil {
			active = good(clockFace(*one.ActiveUntil))
		}
		rows = append(rows, []cell{plain(s.name(one.Tenant)), plain(string(one.Role)), faint(clockFace(one.Starts)),
			faint(clockFace(one.Ends)), active})
	}
	s.table([]string{"on", "role", "from", "until", "active until"}, rows)
}
