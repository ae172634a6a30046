// What a person does with the data folder from the command line: verify, backup, restore, journal.
//
// FOLDER is the data folder or the folder of one tenant in it. All of them work while `ringside serve` is running,
// except restore. Progress goes to standard error, results to standard output.
// Exit codes: 0 good, 1 could not be done, 2 wrong usage, 3 something stored is damaged or was lost.
#pragma once

#include "server/cli.h"

namespace server {

int verify(const CommandLine& line);
int backup(const CommandLine& line);
int restore(const CommandLine& line);
int journal(const CommandLine& line);

}  // namespace server
