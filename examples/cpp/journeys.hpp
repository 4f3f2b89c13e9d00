// The journeys. Each plays on a stage that was set for it, and throws where something does not go as the story says.

#pragma once

#include "stage.hpp"

void jointly(stage& on);
void fully(stage& on);
void crossing(stage& on);
void clients(stage& on);
void processes(stage& on);
void onboarding(stage& on);
void resellers(stage& on);
void alerts(stage& on);
void review(stage& on);
void preview(stage& on);
void elevation(stage& on);
// The policy that the file of `alerts` begins with.
json alerts_policy();

// How the program is told to be the second process of `processes`, and what it does then.
constexpr auto SECOND = "--second";
void second(const std::string& path);
// What the second process is started as, where the environment's JOURNEYS_SECOND names nothing else.
extern std::string program;
