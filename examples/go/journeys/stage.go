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

// Who takes the notices off the file.
const postman = "postman"

// The most rows that one answer has; no journey has more.
var all = tenantry.Ptr(int64(1000))

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
	tenant tenantry.TenantID
	people []string
}

// stop ends a journey at the first thing that does not go as the story says.
type stop struct{ error }

func must(err error) {
	if err != nil {
		panic(stop{err})
	}
}

// got is what was answered.
func got[T any](answer T, err error) T {
	must(err)
	return answer
}

func setStage(path, policy string) *stage {
	// Monday, 2 March 2026, eight o'clock: when every journey begins.
	morning := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	s := &stage{page: newPage(), micros: morning.UnixMicro(), names: map[string]string{}}
	engine, err := tenantry.Open(path, tenantry.Options{
		Policy: policy,
		Now:    func() time.Time { return time.UnixMicro(atomic.LoadInt64(&s.micros)) },
		NewID: func() (made tenantry.ID) {
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

// outcome reads what a command answers with.
func outcome[T any](from tenantry.Executed[json.RawMessage]) T {
	return got(tenantry.OutcomeOf[T](from))
}

func (s *stage) revision() int64 { return got(s.engine.Refresh("")) }

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
	happened := got(s.engine.Sweep(false))
	s.remark("… " + words + " …")
	if happened > 0 {
		s.deliver()
	}
}

// clockFace is a moment to the minute.
func clockFace(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }

// Names.

func (s *stage) call(it fmt.Stringer, name string) { s.names[it.String()] = name }

func (s *stage) name(it fmt.Stringer) string {
	if name, known := s.names[it.String()]; known {
		return name
	}
	return it.String()
}

// inNames is a text in which ids give way to names.
func (s *stage) inNames(text string) string {
	for it, name := range s.names {
		text = strings.ReplaceAll(text, it, name)
	}
	return text
}

// actorName is who is shown for a record, or in an audit.
func (s *stage) actorName(who interface{ Tag() string }) string {
	switch who := who.(type) {
	case tenantry.ActorUser:
		return s.name(who.User)
	case tenantry.AuditActorUser:
		return s.name(who.User)
	case tenantry.AuditActorOrganisation:
		return "someone of " + s.name(who.Organisation)
	case tenantry.AuditActorStranger:
		return "a stranger"
	case tenantry.ActorOperator:
		return operatorOn(who.Ticket)
	case tenantry.AuditActorOperator:
		return operatorOn(who.Ticket)
	default:
		return "the " + who.Tag()
	}
}

func operatorOn(ticket *tenantry.Ticket) string {
	if ticket == nil {
		return "the operator"
	}
	return "the operator, on " + string(*ticket)
}

// The cast.

// tenant registers a tenant, as the platform's operator does.
func (s *stage) tenant(kind tenantry.TenantKind, name tenantry.CompanyName, number tenantry.Number) tenantry.TenantID {
	made := got(s.engine.RegisterTenant(tenantry.Operator(""), tenantry.RegisterTenant{Kind: kind, Name: name, Number: &number})).Outcome
	s.enlist(made, string(name))
	return made
}

// enlist takes a tenant into the cast.
func (s *stage) enlist(tenant tenantry.TenantID, name string) {
	s.call(tenant, name)
	s.cast = append(s.cast, &player{tenant: tenant})
}

// user registers a user, as the platform's operator does.
func (s *stage) user(name tenantry.PersonName, home tenantry.TenantID, email tenantry.Email, role tenantry.RoleRef) tenantry.UserID {
	register := tenantry.RegisterUser{Name: &name, Home: home, Email: email, Role: role}
	made := got(s.engine.RegisterUser(tenantry.Operator(""), register)).Outcome
	s.call(made, string(name))
	for _, one := range s.cast {
		if one.tenant == home {
			one.people = append(one.people, fmt.Sprintf("%s (%s)", name, role))
		}
	}
	return made
}

// entity is a thing as it is.
func entity[T any](s *stage, kind tenantry.Kind, id tenantry.ID) T {
	if found := got(s.engine.HostEntity(tenantry.HostEntityQuery{Kind: kind, ID: id})); found != nil {
		if it, is := found.Is.(T); is {
			return it
		}
	}
	panic(stop{fmt.Errorf("there is no %s %s", kind, id)})
}

// introduce shows who plays.
func (s *stage) introduce() {
	var rows [][]cell
	for _, one := range s.cast {
		it := entity[tenantry.Tenant](s, tenantry.KindTenant, tenantry.ID(one.tenant))
		people := faint("–")
		if len(one.people) > 0 {
			people = plain(strings.Join(one.people, ", "))
		}
		rows = append(rows, []cell{plain(string(it.Name)), faint(string(it.Number)), plain(string(it.Kind)), people})
	}
	s.table([]string{"tenant", "number", "kind", "people"}, rows)
}

// The story.

// done is what a command led to.
type done = tenantry.Executed[json.RawMessage]

// doesAs: somebody does something, and it is done. who is how the page calls them.
func (s *stage) doesAs(by tenantry.Actor, who, what string, command tenantry.Command) done {
	s.minutesPass()
	made, err := s.engine.Execute(by, command)
	if err != nil {
		must(fmt.Errorf("%s %s: %w", who, what, err))
	}
	s.done(clockFace(made.At), who+" "+what)
	s.deliver()
	return made
}

func (s *stage) does(by tenantry.UserID, what string, command tenantry.Command) done {
	return s.doesAs(tenantry.ByUser(by), s.name(by), what, command)
}

// tries: somebody tries something, and it is refused.
func (s *stage) tries(by tenantry.UserID, what string, command tenantry.Command) {
	s.minutesPass()
	_, err := s.engine.Execute(tenantry.ByUser(by), command)
	s.wasRefused(s.name(by)+" "+what, err)
}

// wasRefused shows a refusal, and ends the journey where there was none.
func (s *stage) wasRefused(line string, err error) {
	var refusal *tenantry.Error
	if !errors.As(err, &refusal) || !refusal.Refused() {
		must(fmt.Errorf("%s: was to be refused: %w", line, err))
	}
	now := time.UnixMicro(atomic.LoadInt64(&s.micros))
	s.refused(clockFace(now), line, int(refusal.Code), refusal.Name, s.inNames(refusal.Message), refusal.Remedy)
}

// deliver delivers the notices that wait: the address is looked up now, and then they are acknowledged.
func (s *stage) deliver() {
	waiting := got(s.engine.Notices(tenantry.NoticesQuery{Consumer: postman, Limit: all}))
	for _, notice := range waiting.Notices {
		var to []string
		if notice.To.Operator {
			to = append(to, "the operator")
		}
		for _, user := range notice.To.Users {
			subject := tenantry.Subject{Is: tenantry.SubjectUser{User: user}}
			known := got(s.engine.HostPersonal(tenantry.HostPersonalQuery{Subject: subject}))
			if known == nil || known.Email == nil {
				to = append(to, "nobody any more")
			} else {
				to = append(to, string(*known.Email))
			}
		}
		sort.Strings(to)
		s.mail(notice.Kind.Is.Tag(), to)
	}
	must(s.engine.Acknowledge(postman, waiting.Through))
}

// happened counts repeated things.
func happened(events []tenantry.Event) string {
	var names []string
	times := map[string]int{}
	for _, one := range events {
		name := one.Is.Tag()
		if times[name]++; times[name] == 1 {
			names = append(names, name)
		}
	}
	for place, name := range names {
		if times[name] > 1 {
			names[place] = fmt.Sprintf("%s × %d", name, times[name])
		}
	}
	return strings.Join(names, "\n")
}

var journalColumns = []string{"seq", "at", "from", "command", "what happened"}

// recordRow is one of the journal, or of an audit. Who is not told what was commanded reads a dash.
func (s *stage) recordRow(seq int64, at time.Time, from interface{ Tag() string }, command string, events []tenantry.Event) []cell {
	return []cell{count(seq), faint(clockFace(at)), plain(s.actorName(from)), plain(command), plain(happened(events))}
}

// history shows what the journal holds, record by record.
func (s *stage) history() {
	var rows [][]cell
	for _, it := range got(s.engine.HostRecords(tenantry.HostRecordsQuery{Paging: &tenantry.Paging{Limit: all}})).Rows {
		rows = append(rows, s.recordRow(it.Seq, it.At, it.Actor.Is, it.Command, it.Events))
	}
	s.table(journalColumns, rows)
}

// verify replays the whole journal and says that it holds.
func (s *stage) verify() {
	if flawed, is := got(s.engine.Verify(tenantry.VerifyQuery{})).Is.(tenantry.VerificationFlawed); is {
		must(fmt.Errorf("the journal does not hold: %s", flawed.Why))
	}
	s.gap()
	s.holds(fmt.Sprintf("the journal holds: %d records, replayed, lead to exactly what the file says", s.revision()))
}

// question is one that a journey asks.
type question struct {
	user       tenantry.UserID
	permission tenantry.Permission
	tenant     tenantry.TenantID
}

// watch is of rights that a journey keeps asking for, moment by moment.
type watch struct {
	*stage
	questions []question
	link      *tenantry.LinkID
	moments   []seen
}

type seen struct {
	name, status string
	verdicts     []tenantry.AccessVerdict
}

func (s *stage) watch(questions ...question) *watch { return &watch{stage: s, questions: questions} }

// follow: from now on the status of this link is shown, too.
func (w *watch) follow(link tenantry.LinkID) { w.link = &link }

var statuses = map[tenantry.Stage]string{
	tenantry.StageActive:                    "Active",
	tenantry.StageDelinkRequestedByManager:  "Delink request by MSP",
	tenantry.StageDelinkRequestedByCustomer: "Delink request by customer",
	tenantry.StageDelinked:                  "Delinked",
}

// moment asks everything, now.
func (w *watch) moment(name string) {
	now := seen{name: name, status: "–"}
	if w.link != nil {
		now.status = statuses[entity[tenantry.Link](w.stage, tenantry.KindLink, tenantry.ID(*w.link)).Stage]
	}
	for _, it := range w.questions {
		now.verdicts = append(now.verdicts, got(w.engine.Check(it.user, it.permission, it.tenant, "")))
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
	var rows [][]cell
	if w.link != nil {
		rows = append(rows, status)
	}
	reasons := map[tenantry.Code]bool{}
	for place, it := range w.questions {
		who := w.name(it.user)
		if place > 0 && w.questions[place-1].user == it.user {
			who = ""
		}
		row := []cell{plain(who), plain(string(it.permission))}
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
		w.remark(fmt.Sprintf("%d %s (%s)", code, tenantry.Code(code).Name(), tenantry.Code(code).Rule()))
	}
	w.askThePast()
}

func (w *watch) askThePast() {
	var questions []tenantry.Question
	for _, it := range w.questions {
		questions = append(questions, tenantry.Question{User: it.user, Permission: it.permission, Tenant: it.tenant})
	}
	for _, then := range w.moments {
		seq := then.verdicts[0].Seq
		found := got(w.engine.CheckMany(tenantry.CheckManyQuery{Questions: questions, AsOf: tenantry.AtSeq(seq)}))
		for place, verdict := range then.verdicts {
			reason := tenantry.Code(0)
			if found[place].Reason != nil {
				reason = *found[place].Reason
			}
			if found[place].Allowed != verdict.Allowed || reason != verdict.Reason {
				must(fmt.Errorf("the past of seq %d answers differently", seq))
			}
		}
	}
	w.holds("asked of the past today, every cell is the same")
}
