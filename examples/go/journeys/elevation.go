package main

import (
	"time"

	tenantry "tenantry.example/ffi/go"
)

// elevation: a technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember.
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
		}
	}](s, object{"query": "temporary_access", "actor": object{"user": by}, "tenant": where}).Rows {
		who, now := s.name(one.User), faint("–")
		if one.User == "" {
			who = "somebody of " + s.name(one.Home)
		}
		if one.Decides {
			now = good("yes")
		}
		rows = append(rows, []cell{plain(who), plain(one.Role), faint(clockFace(one.Starts)), faint(clockFace(one.Ends)), now})
	}
	s.table([]string{"who", "role", "from", "until", "now"}, rows)
}
