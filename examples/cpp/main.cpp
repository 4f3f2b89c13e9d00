// Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself.

#include <clocale>
#include <filesystem>
#include <iostream>
#include <stdlib.h>

#include "journeys.hpp"

namespace fs = std::filesystem;

static const char USAGE[] = R"(usage: tenantry-journeys [--dir DIRECTORY] [JOURNEY ...]

Plays the journeys, all of them if none is named, each on an SQLite file that it creates.
With --dir the files stay there for you to look at; without, they are removed at the end.

journeys: jointly, fully, crossing, clients, processes, onboarding, resellers, alerts, review,
          preview, elevation
)";

// A journey: its name, the policy that its file begins with, and the story.
struct journey {
  std::string name;
  json (*policy)();
  void (*play)(stage& on);
};

static json standard() { return TENANTRY_POLICY_DEFAULT; }
static json of_clients() { return TENANTRY_POLICY_CLIENTS; }

static const std::vector<journey> JOURNEYS{
    {"jointly", standard, jointly},     {"fully", standard, fully},         {"crossing", standard, crossing},
    {"clients", of_clients, clients},   {"processes", standard, processes}, {"onboarding", standard, onboarding},
    {"resellers", standard, resellers}, {"alerts", alerts_policy, alerts},  {"review", standard, review},
    {"preview", standard, preview},     {"elevation", standard, elevation},
};

static journey named(const std::string& name) {
  for (const auto& one : JOURNEYS) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("there is no journey `" + name + "`; try --help");
}

// A directory that goes away again.
struct scratch {
  fs::path path;
  scratch() {
    auto pattern = (fs::temp_directory_path() / "tenantry-journeys-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("a scratch directory cannot be made");
    path = pattern;
  }
  scratch(const scratch&) = delete;
  ~scratch() {
    std::error_code nothing_to_do_about_it;
    fs::remove_all(path, nothing_to_do_about_it);
  }
};

static void play(const std::vector<journey>& wanted, const fs::path& directory) {
  for (const auto& it : wanted) {
    if (&it != wanted.data()) std::cout << "\n\n";
    const auto path = directory / (it.name + ".db");
    if (fs::exists(path)) throw std::runtime_error("`" + path.string() + "` is there already; name an empty directory");
    stage on(path.string(), it.policy());
    it.play(on);
  }
}

static void act(std::vector<std::string> words) {
  if (words == std::vector<std::string>{"--help"}) {
    std::cout << USAGE;
    return;
  }
  if (words.size() == 2 && words[0] == SECOND) return second(words[1]);
  const bool stays = !words.empty() && words[0] == "--dir";
  if (stays && words.size() == 1) throw std::runtime_error("--dir names no directory; write --dir DIRECTORY");
  std::vector<journey> wanted;
  for (auto word = words.begin() + (stays ? 2 : 0); word != words.end(); ++word) wanted.push_back(named(*word));
  if (wanted.empty()) wanted = JOURNEYS;
  if (!stays) return play(wanted, scratch().path);
  fs::create_directories(words[1]);
  play(wanted, words[1]);
  std::cout << "\nThe files are in `" << words[1] << "`.\n";
}

int main(int count, char** words) try {
  // How wide a character is depends on the locale, and every page is UTF-8.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) throw std::runtime_error("this machine has no locale C.UTF-8");
  program = words[0];
  act({words + 1, words + count});
  std::cout.flush();
  return std::cout && tenantry_live_objects() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  std::cout.flush();
  std::cerr << "tenantry-journeys: " << error.what() << '\n';
  return EXIT_FAILURE;
}
