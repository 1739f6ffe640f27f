// The places where texts of a language are best cut: before declarations, then statements. They are
// those that LangChain has, so that chunks are the same.

#include <algorithm>
#include <array>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/retrieval/separator.hpp"

namespace cochain {
namespace {

// A list of separators that each begin with a line end, written one after the other.
class LanguageEntry {
 public:
  Language language;
  std::string_view name;
  std::string_view lines;
};

constexpr std::string_view kCLines =
    "\nclass \nvoid \nint \nfloat \ndouble \nif \nfor \nwhile \nswitch \ncase ";

constexpr std::array kLanguages{
    LanguageEntry{Language::kC, "c", kCLines},
    LanguageEntry{Language::kCobol, "cobol",
                  "\nIDENTIFICATION DIVISION.\nENVIRONMENT DIVISION.\nDATA DIVISION."
                  "\nPROCEDURE DIVISION.\nWORKING-STORAGE SECTION.\nLINKAGE SECTION."
                  "\nFILE SECTION.\nINPUT-OUTPUT SECTION.\nOPEN \nCLOSE \nREAD \nWRITE \nIF \nELSE "
                  "\nMOVE \nPERFORM \nUNTIL \nVARYING \nACCEPT \nDISPLAY \nSTOP RUN."},
    LanguageEntry{Language::kCpp, "cpp", kCLines},
    LanguageEntry{Language::kCSharp, "csharp",
                  "\ninterface \nenum \ndelegate \nevent \nclass \nabstract \npublic \nprotected "
                  "\nprivate \nstatic \nreturn \nif \ncontinue \nfor \nforeach \nwhile \nswitch "
                  "\nbreak \ncase \nelse \ntry \nthrow \nfinally \ncatch "},
    LanguageEntry{Language::kElixir, "elixir",
                  "\ndef \ndefp \ndefmodule \ndefprotocol \ndefmacro \ndefmacrop \nif \nunless "
                  "\ncase \ncond \nwith \nfor \ndo "},
    LanguageEntry{Language::kGo, "go", "\nfunc \nvar \nconst \ntype \nif \nfor \nswitch \ncase "},
    LanguageEntry{Language::kHaskell, "haskell",
                  "\nmain :: \nmain = \nlet \nin \ndo \nwhere \n:: \n= \ndata \nnewtype \ntype "
                  "\nmodule \nimport \nqualified \nimport qualified \nclass \ninstance \ncase \n| "
                  "\n= {\n, "},
    LanguageEntry{Language::kHtml, "html", ""},
    LanguageEntry{Language::kJava, "java",
                  "\nclass \npublic \nprotected \nprivate \nstatic \nif \nfor \nwhile \nswitch "
                  "\ncase "},
    LanguageEntry{Language::kJavaScript, "js",
                  "\nfunction \nconst \nlet \nvar \nclass \nif \nfor \nwhile \nswitch \ncase "
                  "\ndefault "},
    LanguageEntry{Language::kKotlin, "kotlin",
                  "\nclass \npublic \nprotected \nprivate \ninternal \ncompanion \nfun \nval \nvar "
                  "\nif \nfor \nwhile \nwhen \nelse "},
    LanguageEntry{Language::kLatex, "latex",
                  "\n\\chapter{\n\\section{\n\\subsection{\n\\subsubsection{\n\\begin{enumerate}"
                  "\n\\begin{itemize}\n\\begin{description}\n\\begin{list}\n\\begin{quote}"
                  "\n\\begin{quotation}\n\\begin{verse}\n\\begin{verbatim}\n\\begin{align}"},
    LanguageEntry{Language::kLua, "lua", "\nlocal \nfunction \nif \nfor \nwhile \nrepeat "},
    LanguageEntry{Language::kMarkdown, "markdown", ""},
    LanguageEntry{Language::kPerl, "perl",
                  "\npackage \nsub \nBEGIN \nEND \nuse \nour \nmy \nif \nunless \nforeach \nfor "
                  "\nwhile \nuntil "},
    LanguageEntry{Language::kPhp, "php",
                  "\nfunction \nclass \nif \nforeach \nwhile \ndo \nswitch \ncase "},
    LanguageEntry{Language::kPowerShell, "powershell",
                  "\nfunction \nparam \nif \nforeach \nfor \nwhile \nswitch \nclass \ntry \ncatch "
                  "\nfinally "},
    LanguageEntry{Language::kProto, "proto",
                  "\nmessage \nservice \nenum \noption \nimport \nsyntax "},
    LanguageEntry{Language::kPython, "python", "\nclass \ndef \n\tdef "},
    LanguageEntry{Language::kR, "r",
                  "\nfunction \nsetClass(\nsetMethod(\nsetGeneric(\nif \nelse \nfor \nwhile "
                  "\nrepeat \nlibrary(\nrequire("},
    LanguageEntry{Language::kRst, "rst", ""},
    LanguageEntry{Language::kRuby, "ruby",
                  "\ndef \nclass \nif \nunless \nwhile \nfor \ndo \nbegin \nrescue "},
    LanguageEntry{Language::kRust, "rust", "\nfn \nconst \nlet \nif \nwhile \nfor \nloop \nmatch "},
    LanguageEntry{Language::kScala, "scala",
                  "\nclass \nobject \ndef \nval \nvar \nif \nfor \nwhile \nmatch \ncase "},
    LanguageEntry{Language::kSolidity, "sol",
                  "\npragma \nusing \ncontract \ninterface \nlibrary \nconstructor \ntype "
                  "\nfunction \nevent \nmodifier \nerror \nstruct \nenum \nif \nfor \nwhile "
                  "\ndo while \nassembly "},
    LanguageEntry{Language::kSwift, "swift",
                  "\nfunc \nclass \nstruct \nenum \nif \nfor \nwhile \ndo \nswitch \ncase "},
    LanguageEntry{Language::kTypeScript, "ts",
                  "\nenum \ninterface \nnamespace \ntype \nclass \nfunction \nconst \nlet \nvar "
                  "\nif \nfor \nwhile \nswitch \ncase \ndefault "},
    LanguageEntry{Language::kVisualBasic6, "visualbasic6", ""},
};

const LanguageEntry& entry_of(Language language) {
  return *std::find_if(
      kLanguages.begin(), kLanguages.end(),
      [language](const LanguageEntry& entry) { return entry.language == language; });
}

Separators lines_in(std::string_view list) {
  Separators made;
  while (!list.empty()) {
    const std::size_t next = std::min(list.find('\n', 1), list.size());
    made.emplace_back(std::string(list.substr(0, next)));
    list.remove_prefix(next);
  }
  return made;
}

Separators markdown_separators() {
  Separators made;
  made.push_back(Separator("\n").run('#', 1, 6).then(" "));
  made.emplace_back("```\n");
  for (const char rule : {'*', '-', '_'}) made.push_back(Separator("\n").run(rule, 3).then("\n"));
  return made;
}

Separators rst_separators() {
  Separators made;
  for (const char rule : {'=', '-', '*'}) made.push_back(Separator("\n").run(rule, 1).then("\n"));
  // An empty comment; LangChain has dots of a regular expression there, so any two characters.
  made.emplace_back("\n\n..\n\n");
  return made;
}

// LangChain has no end of the name, and so cuts "<pre" at "<p".
Separators html_separators() {
  Separators made;
  for (const char* tag :
       {"<body",   "<div",    "<p",    "<br",    "<li",    "<h1",     "<h2",   "<h3",   "<h4",
        "<h5",     "<h6",     "<span", "<table", "<tr",    "<td",     "<th",   "<ul",   "<ol",
        "<header", "<footer", "<nav",  "<head",  "<style", "<script", "<meta", "<title"}) {
    made.push_back(Separator(tag).name_end());
  }
  return made;
}

Separators visual_basic_separators() {
  Separators made;
  const std::vector<std::string> scopes{"Public", "Private", "Friend", "Global", "Static"};
  for (const char* kind : {"Sub", "Function", "Property", "Type", "Enum"}) {
    Separator& one = made.emplace_back("\n").one_of(scopes).blanks().then(kind).blanks();
    if (kind == std::string_view("Property")) one.one_of({"Get", "Let", "Set"}).blanks();
  }
  made.push_back(Separator("\nIf").blanks());
  made.push_back(Separator("\nElseIf").blanks());
  made.push_back(Separator("\nElse").blanks());
  made.push_back(Separator("\nSelect").blanks().then("Case").blanks());
  for (const char* word : {"\nCase", "\nFor", "\nDo", "\nWhile", "\nWith"}) {
    made.push_back(Separator(word).blanks());
  }
  return made;
}

}  // namespace

Separators default_separators() { return {"\n\n", "\n", " ", ""}; }

Separators separators_for(Language language) {
  Separators made = lines_in(entry_of(language).lines);
  if (language == Language::kMarkdown) made = markdown_separators();
  if (language == Language::kRst) made = rst_separators();
  if (language == Language::kVisualBasic6) made = visual_basic_separators();
  if (language == Language::kHtml) {
    made = html_separators();
    made.emplace_back("");
    return made;
  }
  if (language == Language::kLatex) {
    made.emplace_back("$$");
    made.emplace_back("$");
  } else {
    if (language != Language::kCobol) made.emplace_back("\n\n");
    made.emplace_back("\n");
  }
  made.emplace_back(" ");
  made.emplace_back("");
  return made;
}

Language language_named(std::string_view name) {
  std::string names;
  for (const LanguageEntry& entry : kLanguages) {
    if (entry.name == name) return entry.language;
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw InvalidInputError("no language is named '" + std::string(name) + "'; there are " + names);
}

}  // namespace cochain
