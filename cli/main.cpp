// bin/cochain. Everything is in the library beside it, where tests can reach it.

#include "commands.hpp"

int main(int argc, char** argv) { return cochain::cli::run_program(argc, argv); }
