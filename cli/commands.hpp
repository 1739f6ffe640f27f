// What the program can do, one function for each subcommand.
#pragma once

#include "arguments.hpp"
#include "exit_code.hpp"

namespace cochain::cli {

/// Asks one question and prints the answer as it comes.
/// Errors: whatever exit_code_of() knows.
[[nodiscard]] ExitCode run_chat(const ChatArguments& arguments);

/// Answers a file of questions.
[[nodiscard]] ExitCode run_batch(const BatchArguments& arguments);

/// Serves the simulator until Ctrl-C.
[[nodiscard]] ExitCode run_sim(const SimArguments& arguments);

/// Shows the tasks of another program. kFailed if some of them await each other in a circle.
/// Errors: Error if that program cannot be looked into.
[[nodiscard]] ExitCode run_tasks(const TasksArguments& arguments);

/// Counts or writes the tokens of texts. kPartial if a line of JSON was none of the wanted form.
/// Errors: VocabularyError; std::system_error for a file that cannot be read.
[[nodiscard]] ExitCode run_tokens(const TokensArguments& arguments);

/// Puts vocabularies into tiktoken's cache, and prints where each is.
/// Errors: VocabularyError; what the network gives.
[[nodiscard]] ExitCode run_fetch(const FetchArguments& arguments);

/// Says how this program is built and set up.
[[nodiscard]] ExitCode run_doctor(const DoctorArguments& arguments);

/// All of the program but main(): reads the command line, runs what it says, tells of errors.
[[nodiscard]] int run_program(int argc, const char* const* argv);

}  // namespace cochain::cli
