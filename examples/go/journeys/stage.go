package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	tenantry "tenantry.example/ffi/go"
)

type (
	id     = tenantry.ID
	object = map[string]any
)

const (
	// Who takes the notices off the file.
	postman = "postman"
	// The most rows that one answer has; no journey has more.
	all = 1000
)

// stage is what every journey plays on: an engine on a file, a clock that the journey moves, ids that count up, and names for
// ids. It never decides anything: every yes and every no on the page is tenantry's answer.
type stage struct {
	*page
	engine *tenantry.Engine
	micros int64
	next   uint64
	names  map[string]string
	cast   []*player
}

type player struct {
	tenant id
	people []string
}

// stop ends a journey at the first thing that does not go as the story says.
type stop struct{ error }

func must(err error) {
	if err != nil {
		panic(stop{err})
	}
}

func setStage(path, policy string) *stage {
	// Monday, 2 March 2026, eight o'clock: when every journey begins.
	morning := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	s := &stage{page: newPage(), micros: morning.UnixMicro(), names: map[string]string{}}
	engine, err := tenantry.Open(path, tenantry.Options{
		Policy: policy,
		Now:    func() time.Time { return time.UnixMicro(atomic.LoadInt64(&s.micros)) },
		NewID: func() (made id) {
			number := atomic.AddUint64(&s.next, 1)
			for place := 0; place < 8; place++ {
				made[15-place] = byte(number >> (8 * place))
			}
			return made
		},
	})
	must(err)
	s.engine = engine
	return s
}

// ask answers a query.
func ask[T any](s *stage, query object) (answer T) {
	must(s.engine.Ask(query, &answer))
	return answer
}

// execute does a command, of which the story wants the outcome only.
func execute[T any](s *stage, by tenantry.Actor, command object) T {
	receipt, err := s.engine.Execute(by, command)
	must(err)
	return outcome[T](receipt.Outcome)
}

// outcome reads what a command answers with.
func outcome[T any](from json.RawMessage) (read T) {
	must(json.Unmarshal(from, &read))
	return read
}

func (s *stage) revision() uint64 {
	seq, err := s.engine.Refresh("")
	must(err)
	return seq
}

// Time.

func (s *stage) minutesPass() { atomic.AddInt64(&s.micros, 5*time.Minute.Microseconds()) }

// daysPass lets some days pass, and what time alone brings about happen.
func (s *stage) daysPass(days int) {
	s.timePasses(time.Duration(days)*24*time.Hour, fmt.Sprintf("%d days pass", days))
}

// hoursPass is the same with hours.
func (s *stage) hoursPass(hours int) {
	s.timePasses(time.Duration(hours)*time.Hour, fmt.Sprintf("%d hours pass", hours))
}

func (s *stage) timePasses(span time.Duration, words string) {
	atomic.AddInt64(&s.micros, span.Microseconds())
	var swept struct{ Happened int }
	must(s.engine.Call(object{"sweep": object{}}, &swept))
	s.remark("… " + words + " …")
	if swept.Happened > 0 {
		s.deliver()
	}
}

// clockFace is a moment to the minute.
func clockFace(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }

// Names.

func (s *stage) call(it id, name string) { s.names[it.String()] = name }

func (s *stage) name(it string) string {
	if name, known := s.names[it]; known {
		return name
	}
	return it
}

// inNames is a text in which ids give way to names.
func (s *stage) inNames(text string) string {
	for it, name := range s.names {
		text = strings.ReplaceAll(text, it, name)
	}
	return text
}

// actor is who is shown for a record, or in an audit.
type actor struct {
	User, Organisation string
	Operator           *struct{ Ticket string }
	alone              string
}

// UnmarshalJSON takes the clock and strangers, too, which are a name alone.
func (a *actor) UnmarshalJSON(from []byte) error {
	type fields actor
	if len(from) > 0 && from[0] == '"' {
		return json.Unmarshal(from, &a.alone)
	}
	return json.Unmarshal(from, (*fields)(a))
}

func (s *stage) actorName(who actor) string {
	switch {
	case who.User != "":
		return s.name(who.User)
	case who.Organisation != "":
		return "someone of " + s.name(who.Organisation)
	case who.alone == "stranger":
		return "a stranger"
	case who.alone != "":
		return "the " + who.alone
	case who.Operator != nil && who.Operator.Ticket != "":
		return "the operator, on " + who.Operator.Ticket
	default:
		return "the operator"
	}
}

// The cast.

// tenant registers a tenant, as the platform's operator does.
func (s *stage) tenant(kind, name, number string) id {
	made := execute[id](s, tenantry.Operator(""), object{"command": "register_tenant", "kind": kind, "name": name, "number": number})
	s.enlist(made, name)
	return made
}

// enlist takes a tenant into the cast.
func (s *stage) enlist(tenant id, name string) {
	s.call(tenant, name)
	s.cast = append(s.cast, &player{tenant: tenant})
}

// user registers a user, as the platform's operator does.
func (s *stage) user(name string, home id, email, role string) id {
	made := execute[id](s, tenantry.Operator(""), object{"command": "register_user", "name": name, "home": home, "email": email, "role": role})
	s.call(made, name)
	for _, one := range s.cast {
		if one.tenant == home {
			one.people = append(one.people, name+" ("+role+")")
		}
	}
	return made
}

// introduce shows who plays.
func (s *stage) introduce() {
	var rows [][]cell
	for _, one := range s.cast {
		it := ask[struct {
			Entity struct{ Name, Number, Kind string }
		}](s, object{"query": "host_entity", "kind": "tenant", "id": one.tenant}).Entity
		people := faint("–")
		if len(one.people) > 0 {
			people = plain(strings.Join(one.people, ", "))
		}
		rows = append(rows, []cell{plain(it.Name), faint(it.Number), plain(it.Kind), people})
	}
	s.table([]string{"tenant", "number", "kind", "people"}, rows)
}

// The story.

// does: somebody does something, and it is done. who is how the page calls them.
func (s *stage) doesAs(by tenantry.Actor, who, what string, command object) json.RawMessage {
	s.minutesPass()
	receipt, err := s.engine.Execute(by, command)
	if err != nil {
		must(fmt.Errorf("%s %s: %w", who, what, err))
	}
	s.done(clockFace(receipt.At), who+" "+what)
	s.deliver()
	return receipt.Outcome
}

func (s *stage) does(by id, what string, command object) json.RawMessage {
	return s.doesAs(tenantry.ByUser(by), s.name(by.String()), what, command)
}

// tries: somebody tries something, and it is refused.
func (s *stage) tries(by id, what string, command object) {
	s.minutesPass()
	line := s.name(by.String()) + " " + what
	_, err := s.engine.Execute(tenantry.ByUser(by), command)
	var refusal *tenantry.Error
	if !errors.As(err, &refusal) || !refusal.Refused() {
		must(fmt.Errorf("%s: was to be refused: %w", line, err))
	}
	now := time.UnixMicro(atomic.LoadInt64(&s.micros))
	s.refused(clockFace(now), line, int(refusal.Code), refusal.Name, s.inNames(refusal.Message), refusal.Remedy)
}

// deliver delivers the notices that wait: the address is looked up now, and then they are acknowledged.
func (s *stage) deliver() {
	waiting := ask[struct {
		Notices []struct {
			Kind struct{ Kind string }
			To   struct {
				Users    []id
				Operator bool
			}
		}
		Through uint64
	}](s, object{"query": "notices", "consumer": postman, "limit": all})
	for _, notice := range waiting.Notices {
		var to []string
		if notice.To.Operator {
			to = append(to, "the operator")
		}
		for _, user := range notice.To.Users {
			known := ask[*struct{ Email string }](s, object{"query": "host_personal", "subject": object{"user": user}})
			if known == nil || known.Email == "" {
				to = append(to, "nobody any more")
			} else {
				to = append(to, known.Email)
			}
		}
		sort.Strings(to)
		s.mail(notice.Kind.Kind, to)
	}
	must(s.engine.Call(object{"acknowledge": object{"consumer": postman, "through": waiting.Through}}, nil))
}

// event is what happened, by name.
type event struct{ Event string }

// happened counts repeated things.
func happened(events []event) string {
	var names []string
	times := map[string]int{}
	for _, one := range events {
		if times[one.Event]++; times[one.Event] == 1 {
			names = append(names, one.Event)
		}
	}
	for place, name := range names {
		if times[name] > 1 {
			names[place] = fmt.Sprintf("%s × %d", name, times[name])
		}
	}
	return strings.Join(names, "\n")
}

// record is one of the journal, or of an audit.
type record struct {
	Seq       uint64
	At        time.Time
	Actor, By actor
	Command   *string
	Events    []event
}

var journalColumns = []string{"seq", "at", "from", "command", "what happened"}

func (s *stage) recordRow(it record, from actor) []cell {
	command := "–" // Who is not told what was commanded.
	if it.Command != nil {
		command = *it.Command
	}
	return []cell{count(it.Seq), faint(clockFace(it.At)), plain(s.actorName(from)), plain(command), plain(happened(it.Events))}
}

// history shows what the journal holds, record by record.
func (s *stage) history() {
	var rows [][]cell
	for _, it := range ask[struct{ Rows []record }](s, object{"query": "host_records", "paging": object{"limit": all}}).Rows {
		rows = append(rows, s.recordRow(it, it.Actor))
	}
	s.table(journalColumns, rows)
}

// verify replays the whole journal and says that it holds.
func (s *stage) verify() {
	verified := ask[struct{ Journal, Why string }](s, object{"query": "verify"})
	if verified.Journal != "holds" {
		must(fmt.Errorf("the journal does not hold: %s", verified.Why))
	}
	s.gap()
	s.holds(fmt.Sprintf("the journal holds: %d records, replayed, lead to exactly what the file says", s.revision()))
}

// question is one that a journey asks.
type question struct {
	user       id
	permission string
	tenant     id
}

// watch is of rights that a journey keeps asking for, moment by moment.
type watch struct {
	*stage
	questions []question
	link      *id
	moments   []seen
}

type seen struct {
	name, status string
	verdicts     []tenantry.Verdict
}

func (s *stage) watch(questions ...question) *watch { return &watch{stage: s, questions: questions} }

// follow: from now on the status of this link is shown, too.
func (w *watch) follow(link id) { w.link = &link }

var statuses = map[string]string{
	"active":                       "Active",
	"delink_requested_by_manager":  "Delink request by MSP",
	"delink_requested_by_customer": "Delink request by customer",
	"delinked":                     "Delinked",
}

// moment asks everything, now.
func (w *watch) moment(name string) {
	now := seen{name: name, status: "–"}
	if w.link != nil {
		link := ask[struct{ Entity struct{ Stage string } }](w.stage, object{"query": "host_entity", "kind": "link", "id": *w.link})
		now.status = statuses[link.Entity.Stage]
	}
	for _, it := range w.questions {
		found, err := w.engine.Check(it.user, it.permission, it.tenant, "")
		must(err)
		now.verdicts = append(now.verdicts, found)
	}
	w.moments = append(w.moments, now)
}

// column is a few words as the head of a narrow column, one below the other.
func column(words string) string { return strings.ReplaceAll(words, " ", "\n") }

// show shows what was answered, and asks the same again of the past. The heading has said which tenant it is about.
func (w *watch) show() {
	header, status := []string{"who", "wants"}, []cell{faint("link"), faint("status")}
	for _, then := range w.moments {
		header = append(header, column(then.name))
		status = append(status, faint(column(then.status)))
	}
	rows := [][]cell{status}
	reasons := map[tenantry.Code]bool{}
	for place, it := range w.questions {
		who := w.name(it.user.String())
		if place > 0 && w.questions[place-1].user == it.user {
			who = ""
		}
		row := []cell{plain(who), plain(it.permission)}
		for _, then := range w.moments {
			if found := then.verdicts[place]; found.Allowed {
				row = append(row, good("yes"))
			} else {
				row = append(row, bad(fmt.Sprintf("no %d", found.Reason)))
				reasons[found.Reason] = true
			}
		}
		rows = append(rows, row)
	}
	w.table(header, rows)
	var codes []int
	for code := range reasons {
		codes = append(codes, int(code))
	}
	sort.Ints(codes)
	for _, code := range codes {
		name, rule := tenantry.Meaning(tenantry.Code(code))
		w.remark(fmt.Sprintf("%d %s (%s)", code, name, rule))
	}
	w.askThePast()
}

func (w *watch) askThePast() {
	var questions []object
	for _, it := range w.questions {
		questions = append(questions, object{"user": it.user, "permission": it.permission, "tenant": it.tenant})
	}
	for _, then := range w.moments {
		seq := then.verdicts[0].Seq
		found := ask[[]struct {
			Allowed bool
			Reason  string
		}](w.stage, object{"query": "check_many", "questions": questions, "as_of": seq})
		for place, verdict := range then.verdicts {
			name, _ := tenantry.Meaning(verdict.Reason)
			if found[place].Allowed != verdict.Allowed || !verdict.Allowed && found[place].Reason != name {
				must(fmt.Errorf("the past of seq %d answers differently", seq))
			}
		}
	}
	w.holds("asked of the past today, every cell is the same")
}
