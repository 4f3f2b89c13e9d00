/* The journeys. Each plays on a stage that was set for it. */

#ifndef JOURNEYS_H
#define JOURNEYS_H

#include "stage.h"

void jointly(stage *on);
void fully(stage *on);
void crossing(stage *on);
void clients(stage *on);
void processes(stage *on);
void onboarding(stage *on);
void resellers(stage *on);
void alerts(stage *on);
void review(stage *on);
void preview(stage *on);
void elevation(stage *on);
/* The policy that the file of `alerts` begins with. */
const char *alerts_policy(void);

/* How the program is told to be the second process of `processes`, and what it does then. */
#define SECOND "--second"
void second(const char *path);
/* What the second process is started as: the program itself, or what JOURNEYS_SECOND names. */
extern const char *program;

#endif
