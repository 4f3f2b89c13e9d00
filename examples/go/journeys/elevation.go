package main

import (
	"time"

	"tenantry.example/go/tenantry"
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
	asked := outcome[id](s.does(ada, "asks to manage BK-200 jointly", object{"command": "request_link", "manager": northwind,
		"number": "BK-200", "management": "jointly", "services": []string{"manage"}}))
	link := outcome[id](s.does(klara, "accepts", object{"command": "accept_link", "request": asked}))
	s.call(link, "Northwind IT → Bäckerei Klein")

	s.heading("Nothing for good, away from home")
	policy := ask[object](s, object{"query": "policy"})
	policy["name"] = "for-a-while"
	policy["temporary"] = object{"required": true, "max_days": 30}
	s.doesAs(tenantry.Operator("SUP-4713"), "the operator, on SUP-4713,", "wants an end of every such role",
		object{"command": "set_policy", "policy": policy})
	// An admin of the bakery, from and until then, or for good.
	admin := func(starts, ends any) object {
		return object{"command": "assign", "assignments": []object{{"user": tom, "tenant": bakery, "role": "admin"}},
			"starts": starts, "ends": ends}
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
	s.does(ada, "makes Tom an admin of the bakery until 10:30", admin(nil, "2026-03-02T10:30:00Z"))
	rights.moment("given")
	s.why(tom, bakery)
	edit := object{"command": "edit_tenant", "tenant": bakery, "website": "https://klein.example"}
	s.does(tom, "enters the bakery's website", edit)
	s.tries(tom, "gives himself a week of it", admin(nil, "2026-03-09T10:30:00Z"))

	s.heading("A night to come")
	s.does(ada, "makes him one for the night of Saturday, too", admin("2026-03-07T22:00:00Z", "2026-03-08T02:00:00Z"))
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
	s.does(ada, "takes it back before its end", object{"command": "unassign",
		"assignments": []object{{"user": tom, "tenant": bakery}}, "ends": "2026-03-08T02:00:00Z"})
	rights.moment("taken back")

	s.heading("Who could do what, and when")
	rights.show()

	s.heading("Eligible for three weeks")
	weeks := admin(nil, "2026-03-28T22:00:00Z")
	weeks["eligible"] = true
	s.does(ada, "lets Tom be an admin of the bakery whenever he needs it", weeks)
	s.remark("What Tom may activate, as he reads it:")
	s.eligible(tom)
	own := s.watch(question{tom, "tenant.view", bakery}, question{tom, "devices.manage", bakery})
	own.moment("eligible")
	activate := func(minutes int, reason string) object {
		return object{"command": "activate", "tenant": bakery, "role": "admin", "minutes": minutes, "reason": reason}
	}
	s.tries(tom, "activates it for nine hours", activate(540, "TCK-4711: mail is down"))
	active := outcome[struct{ Ends time.Time }](s.does(tom, "activates it for two hours", activate(120, "TCK-4711: mail is down")))
	s.remark("It is active until " + clockFace(active.Ends) + ".")
	own.moment("active")
	s.why(tom, bakery)
	s.eligible(tom)
	s.does(tom, "is done, and gives it back", object{"command": "deactivate", "tenant": bakery, "role": "admin"})
	own.moment("given back")

	s.heading("A sanction lies over it")
	s.does(tom, "activates it once more", activate(60, "TCK-4712: a till is stuck"))
	s.does(ada, "keeps Tom off the bakery for a week", object{"command": "assign",
		"assignments": []object{{"user": tom, "tenant": bakery, "role": "no_access"}}, "ends": "2026-03-14T22:00:00Z"})
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

// why: by which role somebody may manage devices, and for how long.
func (s *stage) why(who, where id) {
	grounds := ask[struct {
		Grounds struct {
			Tenant, Role string
			Ends         *time.Time
		}
	}](s, object{"query": "check", "user": who, "permission": "devices.manage", "tenant": where}).Grounds
	until := "for good"
	if grounds.Ends != nil {
		until = "until " + clockFace(*grounds.Ends)
	}
	s.remark(s.name(who.String()) + " may manage devices there: by the role " + grounds.Role + " on " +
		s.name(grounds.Tenant) + ", " + until + ".")
}

// listed shows who has access to a tenant for a while, as somebody is told.
func (s *stage) listed(by, where id) {
	var rows [][]cell
	for _, one := range ask[struct {
		Rows []struct {
			User, Home, Role string
			Starts, Ends     time.Time
			Decides          bool
			Eligible         bool
			Activated        bool
		}
	}](s, object{"query": "temporary_access", "actor": object{"user": by}, "tenant": where}).Rows {
		who, now := s.name(one.User), faint("–")
		if one.User == "" {
			who = "somebody of " + s.name(one.Home)
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
		rows = append(rows, []cell{plain(who), plain(one.Role), plain(how), faint(clockFace(one.Starts)),
			faint(clockFace(one.Ends)), now})
	}
	s.table([]string{"who", "role", "how", "from", "until", "now"}, rows)
}

// eligible shows what somebody may activate, as they are told.
func (s *stage) eligible(by id) {
	var rows [][]cell
	for _, one := range ask[struct {
		Rows []struct {
			Tenant, Role string
			Starts, Ends time.Time
			ActiveUntil  *time.Time `json:"active_until"`
		}
	}](s, object{"query": "eligible_roles", "actor": object{"user": by}}).Rows {
		active := faint("–")
		if one.ActiveUntil != nil {
			active = good(clockFace(*one.ActiveUntil))
		}
		rows = append(rows, []cell{plain(s.name(one.Tenant)), plain(one.Role), faint(clockFace(one.Starts)),
			faint(clockFace(one.Ends)), active})
	}
	s.table([]string{"on", "role", "from", "until", "active until"}, rows)
}
