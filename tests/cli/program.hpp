// Runs bin/cochain as a shell would, and waits for what it does.
#pragma once

#include <sys/types.h>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "temporary_folder.hpp"

namespace cochain::testing {

/// How a program ended, and what it said.
class ProgramResult {
 public:
  ProgramResult() = default;
  int code = -1;  // 128 + the signal, if one ended it
  std::string out;
  std::string err;
};

/// What a program is started with. Nothing of the test's own environment but PATH reaches it.
class ProgramSetup {
 public:
  ProgramSetup() = default;
  ProgramSetup& arguments(std::vector<std::string> value);
  ProgramSetup& variable(std::string name, std::string value);
  /// All of its stdin; without this it is empty, with keep_stdin_open() it never ends.
  ProgramSetup& input(std::string value);
  ProgramSetup& keep_stdin_open();
  /// As a program is given it that shares its stdin with one which made it so.
  ProgramSetup& nonblocking_stdin();
  ProgramSetup& close_stdout();
  /// Its stdout and stderr are terminals, one each; both turn "\n" into "\r\n". Without columns
  /// they do not say how wide they are.
  ProgramSetup& on_terminals(unsigned short columns = 0);

  std::vector<std::string> words;
  std::map<std::string, std::string> variables;
  std::string stdin_text;
  bool stdin_stays_open = false;
  bool stdin_is_nonblocking = false;
  bool stdout_is_closed = false;
  bool has_terminals = false;
  unsigned short terminal_columns = 0;
};

/// The program while it runs. Its output is read as it comes; killed if it outlives this object.
/// Units:    every wait gives up after twenty seconds.
class Program {
 public:
  explicit Program(const ProgramSetup& setup);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void send_signal(int number) const;
  /// Closes the reading end of its stdout.
  void stop_reading_stdout();
  /// Waits until stdout or stderr has this text; false if it ended without.
  bool wait_for_stdout(std::string_view text);
  bool wait_for_stderr(std::string_view text);
  /// Waits until a condition holds, while its streams are served; false if it ended without.
  bool wait_until(const std::function<bool()>& condition);
  [[nodiscard]] const std::string& stderr_so_far() const noexcept { return err_; }
  ProgramResult wait();

 private:
  class Pipes;
  void pump(int milliseconds);

  std::unique_ptr<Pipes> pipes_;
  pid_t pid_ = -1;
  std::string out_;
  std::string err_;
};

/// Starts it and waits for its end.
ProgramResult run_program(const ProgramSetup& setup);
ProgramResult run_program(std::vector<std::string> arguments);

std::string read_file(const std::string& path);

/// The rows of a batch's output, each a whole line of JSON.
std::vector<boost::json::object> output_rows(const std::string& text);

}  // namespace cochain::testing
