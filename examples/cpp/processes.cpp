// Two processes on one file: what one writes the other reads at once, and both write together. Never locks the file by hand: who
// writes when is the store's affair.

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "journeys.hpp"

std::string program;

namespace {

// How many customers each process adds while the other does the same.
constexpr int MANY = 50;

// ---- what either process does ----

actor by(const std::string& user) { return tenantry::user_id::parse(user); }

json customer(const std::string& manager, const std::string& number, const std::string& name) {
  return {{"command", "add_customer"}, {"manager", manager},    {"kind", "customer"},        {"name", name},
          {"number", number},          {"management", "fully"}, {"services", list{"manage"}}};
}

json rename_to(const std::string& tenant, const std::string& name) {
  return {{"command", "edit_tenant"}, {"tenant", tenant}, {"name", name}};
}

void many(stage& on, const std::string& manager, const std::string& who, const std::string& series) {
  for (int place = 1; place <= MANY; ++place) {
    on.execute(by(who), customer(manager, series + "-" + to_string(place), "Customer " + to_string(place)));
  }
}

std::string seen(const stage& on, const std::optional<question>& asked = {}) {
  if (!asked) return "record " + to_string(on.revision());
  const auto found = on.check(*asked);
  const auto record = "record " + to_string(found.seq) + ": ";
  const auto reason = static_cast<tenantry_status>(found.reason);
  return found.allowed ? record + "yes" : record + "no, " + to_string(reason) + " " + tenantry_status_name(reason);
}

// ---- the second process ----

id id_from(const std::string& text) { return id::parse(text); }

std::string obey(stage& on, const std::vector<std::string>& word) {
  const auto is = [&](std::string_view what, std::size_t words) { return word[0] == what && word.size() == words; };
  if (is("see", 1)) return seen(on);
  if (is("see", 4)) return seen(on, question{id_from(word[1]), word[2], id_from(word[3])});
  if (is("add", 5)) return on.execute(by(word[2]), customer(word[1], word[3], word[4])).at("tenant");
  if (is("rename", 5)) {
    return on
        .call(
            {{"execute", {{"id", word[1]}, {"actor", by(word[2]).as_json}, {"command", rename_to(word[3], word[4])}}}})
        .at("token");
  }
  if (is("expect", 5)) {
    try {
      return on
          .call({{"execute",
                  {{"id", "00000000-0000-0000-0000-0000000007eb"},
                   {"actor", by(word[2]).as_json},
                   {"expected_seq", std::stoull(word[1])},
                   {"command", rename_to(word[3], word[4])}}}})
          .at("token");
    } catch (const tenantry::error& error) {
      if (!error.is_refusal()) throw;
      return error.name();
    }
  }
  if (is("many", 4)) return many(on, word[1], word[2], word[3]), "done";
  if (is("verify", 1)) return on.ask({{"query", "verify"}}).at("token");
  throw std::runtime_error("nobody knows how to " + word[0]);
}

// At most six words: the last may have spaces.
std::vector<std::string> words_of(std::string line) {
  std::vector<std::string> all;
  for (std::size_t end; all.size() < 5 && (end = line.find(' ')) != line.npos; line.erase(0, end + 1))
    all.push_back(line.substr(0, end));
  all.push_back(line);
  return all;
}

}  // namespace

// Does what it is told, line by line, until nobody tells it anything: first the time, then what to do.
void second(const std::string& path) {
  stage on(path, TENANTRY_POLICY_DEFAULT, static_cast<std::uint32_t>(getpid()));
  for (std::string line; std::getline(std::cin, line);) {
    auto words = words_of(line);
    on.set_clock(std::stoll(words.front()));
    words.erase(words.begin());
    if (words.empty()) throw std::runtime_error("a line with nothing to do");
    std::cout << obey(on, words) << std::endl;
  }
}

namespace {

// ---- the second process, as the first sees it: a line goes in, a line comes out ----

class other {
 public:
  explicit other(const std::string& path) {
    int in[2], out[2];
    const char* named = std::getenv("JOURNEYS_SECOND");
    const std::string also = named ? named : program;
    // A second process that has ended is told by what it does not answer.
    signal(SIGPIPE, SIG_IGN);
    std::cout.flush();
    if (pipe(in) != 0 || pipe(out) != 0 || (process_ = fork()) < 0)
      throw std::runtime_error("a second process cannot be started");
    if (process_ == 0) {
      // Nothing of the parent's engine is used between fork and exec.
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      for (const int end : {in[0], in[1], out[0], out[1]}) close(end);
      execlp(also.c_str(), also.c_str(), SECOND, path.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    input_ = fdopen(in[1], "w");
    output_ = fdopen(out[0], "r");
  }
  other(const other&) = delete;
  ~other() { end(); }

  void tell(const stage& on, const std::string& what) {
    fprintf(input_, "%lld %s\n", static_cast<long long>(on.micros()), what.c_str());
    fflush(input_);
  }

  std::string answer() {
    char line[512];
    if (fgets(line, sizeof line, output_) == nullptr) throw std::runtime_error("the second process has ended");
    return std::string(line).substr(0, std::string(line).find('\n'));
  }

  std::string ask(const stage& on, const std::string& what) {
    tell(on, what);
    return answer();
  }

  // Whether it ended well.
  bool end() {
    int status = -1;
    if (process_ <= 0) return false;
    fclose(input_);
    fclose(output_);
    waitpid(std::exchange(process_, 0), &status, 0);
    return status == 0;
  }

 private:
  pid_t process_ = 0;
  FILE *input_ = nullptr, *output_ = nullptr;
};

// What both see, at some moment.
row both_see(stage& on, other& it, const std::string& when, const std::optional<question>& wants = {}) {
  const auto asked =
      wants ? "see " + to_string(wants->user) + " " + wants->permission + " " + to_string(wants->tenant) : "see";
  const auto here = seen(on, wants), there = it.ask(on, asked);
  return {plain(when), plain(here), plain(there), plain(here == there ? "yes" : "no")};
}

}  // namespace

void processes(stage& on) {
  on.told.title("Two processes, one file");
  on.told.remark("No server between them: each opens the file and is always up to date.");

  on.told.heading("The first process makes the file, the second opens it");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const std::string msp = to_string(northwind), who = to_string(ada);
  on.introduce();
  other it(on.path);
  std::vector<row> rows{both_see(on, it, "opened")};

  on.told.heading("Reading each other's writes");
  const id fjord = id_from(it.ask(on, "add " + msp + " " + who + " FL-500 Fjord Logistikk"));
  on.name(fjord, "Fjord Logistikk");
  on.told.done(on.clock_face(), "Ada adds Fjord Logistikk, in the second process");
  const question wants{ada, TENANTRY_PERMISSION_DEVICES_MANAGE, fjord};
  rows.push_back(both_see(on, it, "the second added it", wants));
  on.does(ada, "disables Fjord Logistikk, in the first process",
          {{"command", "disable_tenants"}, {"tenants", std::vector<id>{fjord}}});
  rows.push_back(both_see(on, it, "the first disabled it", wants));
  on.told.remark("May Ada manage Fjord Logistikk's devices?");
  on.told.table({"when", "the first sees", "the second sees", "the same"}, rows);

  on.told.heading("The same request, sent by both");
  const std::string request = "00000000-0000-0000-0000-0000000007ea";
  const json first = on.call(
      {{"execute", {{"id", request}, {"actor", {{"user", ada}}}, {"command", rename_to(msp, "Northwind Group")}}}});
  const auto answered = it.ask(on, "rename " + request + " " + who + " " + msp + " Northwind Group");
  on.told.remark("Ada renames the MSP; an impatient proxy sends the request to the second process, too.");
  if (first.at("token") != answered) throw std::runtime_error("the second answered " + answered);
  const auto seq = to_string(first.at("seq").get<std::uint64_t>());
  on.told.holds("both answer with one receipt, of record " + seq + "; nothing is done twice");

  on.told.heading("A decision that came too late");
  on.does(ada, "changes her mind about the name, in the first process", rename_to(msp, "Northwind IT"));
  const auto refusal = it.ask(on, "expect " + seq + " " + who + " " + msp + " Northwind Holding");
  if (refusal != tenantry_status_name(TENANTRY_STALE_SEQ)) throw std::runtime_error("the second answered " + refusal);
  on.told.refused(on.clock_face(), "Ada renames it in the second process, which last read record " + seq,
                  TENANTRY_STALE_SEQ, refusal, message_about(TENANTRY_STALE_SEQ, to_string(on.revision())),
                  tenantry_status_remedy(TENANTRY_STALE_SEQ));

  on.told.heading("Both at once");
  it.tell(on, "many " + msp + " " + who + " TWO");
  many(on, msp, who, "ONE");
  if (it.answer() != "done") throw std::runtime_error("the second has not added its customers");
  on.told.remark("Each adds " + to_string(MANY) + " customers as fast as it can, while the other does the same.");
  const json customers = on.ask(
      {{"query", "customers"}, {"actor", {{"user", ada}}}, {"manager", northwind}, {"paging", {{"limit", 1000}}}});
  rows.clear();
  for (const auto& [whose, series] : {std::pair("the first", "ONE-"), std::pair("the second", "TWO-")}) {
    const std::string prefix = series;
    std::uint64_t there = 0;
    for (const auto& one : customers.at("rows")) there += one.at("number").get<std::string>().rfind(prefix, 0) == 0;
    rows.push_back({plain(whose), faint(prefix + "1 to " + prefix + to_string(MANY)), count(there)});
  }
  on.told.table({"process", "numbers", "customers there"}, rows);

  if (it.ask(on, "verify") != on.engine.token()) throw std::runtime_error("the processes disagree about the journal");
  if (!it.end()) throw std::runtime_error("the second process failed");
  on.told.holds("the second replayed the journal: it holds, and ends where the first sees it end");
  on.verify();
}
