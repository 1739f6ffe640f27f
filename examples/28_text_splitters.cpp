// What you learn: how a long text becomes chunks, and where in the text each of them lies.
// How to run:     build/release/bin/example_28_text_splitters
// What it prints: chunks of prose with their offsets, of Markdown, of code and of JSON.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;

void show(std::string_view title, const Documents& documents) {
  std::cout << title << '\n';
  for (const Document& document : documents) {
    std::cout << "  " << json_text(document.metadata) << ' '
              << json_text(Json(document.page_content)) << '\n';
  }
}

Coro<> splitters() {
  const std::string prose =
      "One text.\n\nAnother one, with a 👨‍👩‍👧 in it, and with more words.";
  const RecursiveCharacterTextSplitter splitter(ChunkOptions(24, 8));
  std::cout << "prose\n";
  for (const TextChunk& chunk : splitter.split(prose)) {
    std::cout << "  " << chunk.begin << "-" << chunk.end << ": " << chunk.text << '\n';
  }

  const std::string page =
      "# Manual\n\nRead this.\n\n## Install\n\n```sh\n# as root\nmake install\n```\n\n"
      "## Use\n\nCall `run()`, then wait for it.\n";
  const Documents sections = MarkdownHeaderTextSplitter()
                                 .header(1, "title")
                                 .header(2, "part")
                                 .add_start_index()
                                 .split_text(page);
  show("sections", sections);

  const auto chain =
      DocumentSplitter(RecursiveCharacterTextSplitter(ChunkOptions(20).add_start_index()));
  const Documents smaller = co_await chain.invoke(sections);
  show("smaller", smaller);

  const std::vector<std::string> code{"class A {};\n\nvoid f() {\n  g();\n}\nint main() {}\n"};
  const RecursiveCharacterTextSplitter cpp(ChunkOptions(20), Language::kCpp);
  show("code", cpp.create_documents(code));

  const Json data = parse_json(R"({"user":{"name":"Ada","born":1815},"tags":["math","code"]})");
  std::cout << "json\n";
  for (const std::string& text : RecursiveJsonSplitter(32).split_text(data)) {
    std::cout << "  " << text << '\n';
  }
}

int main() { run(splitters()); }
