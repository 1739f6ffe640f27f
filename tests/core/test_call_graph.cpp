// The call graph of this thread's loop: where tasks stand, who awaits whom, and how it is drawn.
#include <unistd.h>
#include <algorithm>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const TaskInfo* find(const LoopInfo& graph, std::string_view name) {
  for (const TaskInfo& task : graph.tasks) {
    if (task.name == name) return &task;
  }
  ADD_FAILURE() << "there is no task " << name;
  static const TaskInfo none;
  return &none;
}

std::vector<std::string> functions_of(const TaskInfo& task) {
  std::vector<std::string> names;
  for (const StackFrame& frame : task.stack) names.push_back(frame.function);
  return names;
}

std::vector<std::string> awaiters_of(const LoopInfo& graph, std::string_view name) {
  std::vector<std::string> names;
  for (const std::uint64_t id : find(graph, name)->awaited_by) {
    for (const TaskInfo& task : graph.tasks) {
      if (task.id == id) names.push_back(task.name);
    }
  }
  return names;
}

/// Lets the tasks that are ready take their steps.
Coro<> settle() { return passes(3); }

Coro<> stop(Task<> task) {
  task.cancel();
  (void)co_await error_of(task);
}

Coro<> stop_all(std::vector<Task<>> tasks) {
  for (const Task<>& task : tasks) task.cancel();
  for (const Task<>& task : tasks) (void)co_await error_of(task);
}

constexpr std::uint32_t kSpiceLine = __LINE__ + 1;
Coro<> spice(Event* never) { co_await never->wait(); }
constexpr std::uint32_t kStirLine = __LINE__ + 1;
Coro<> stir(Event* never) { co_await spice(never); }
constexpr std::uint32_t kCookLine = __LINE__ + 3;
Coro<> cook(Event* never) {
  co_await sleep(0s);
  co_await stir(never);
}

Coro<> join(const Task<>* other) { co_await *other; }

Coro<> deep(int levels, Event* never) {
  if (levels == 1) {
    co_await never->wait();
  } else {
    co_await deep(levels - 1, never);
  }
}

ASYNC_TEST(CallGraph, NamesEachCoroutineOfAChainWithItsLine) {
  Event never;
  const Task<> task = create_task(cook(&never), "cook");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  const TaskInfo& info = *find(graph, "cook");
  EXPECT_THAT(functions_of(info), ElementsAre("cook", "stir", "spice"));
  EXPECT_EQ(info.stack.size(), 3U);
  for (const StackFrame& frame : info.stack) {
    EXPECT_THAT(frame.file, ::testing::EndsWith("test_call_graph.cpp"));
  }
  const std::vector<std::uint32_t> lines{kCookLine, kStirLine, kSpiceLine};
  for (std::size_t i = 0; i < info.stack.size(); ++i) EXPECT_EQ(info.stack[i].line, lines[i]);
  EXPECT_EQ(info.stack, task.get_stack());
  EXPECT_FALSE(info.running);
  EXPECT_FALSE(info.age) << "a virtual clock tells no age";
  const std::string table = format_task_table({graph});
  const auto at = [](std::string_view name, std::uint32_t line) {
    return std::string(name) + " (test_call_graph.cpp:" + std::to_string(line) + ")";
  };
  EXPECT_THAT(table, HasSubstr(at("spice", kSpiceLine) + " <- " + at("stir", kStirLine) + " <- " +
                               at("cook", kCookLine)));
  co_await stop(task);
}

ASYNC_TEST(CallGraph, HasATaskBeforeItsFirstStep) {
  Event never;
  const Task<> task = create_task(cook(&never), "fresh");
  const LoopInfo graph = capture_call_graph();
  EXPECT_THAT(functions_of(*find(graph, "fresh")), ElementsAre("cook"));
  co_await stop(task);
}

Coro<> gather_three(Event* never) { co_await gather(spice(never), stir(never), cook(never)); }

ASYNC_TEST(CallGraph, GatherIsTheAwaiterOfEachChild) {
  Event never;
  const Task<> parent = create_task(gather_three(&never), "parent");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  const std::uint64_t id = find(graph, "parent")->id;
  std::size_t children = 0;
  for (const TaskInfo& task : graph.tasks) {
    if (task.name == "parent" || task.name == "test body") continue;
    ++children;
    EXPECT_THAT(task.awaited_by, ElementsAre(id)) << task.name;
  }
  EXPECT_EQ(children, 3U);
  co_await stop(parent);
}

Coro<> gather_all(std::vector<Task<>> tasks) { co_await gather(std::move(tasks)); }

ASYNC_TEST(CallGraph, GatherIsTheAwaiterOfEachTaskOfAList) {
  Event never;
  std::vector<Task<>> tasks;
  tasks.push_back(create_task(spice(&never), "one"));
  tasks.push_back(create_task(stir(&never), "two"));
  const Task<> parent = create_task(gather_all(std::move(tasks)), "parent");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  EXPECT_THAT(awaiters_of(graph, "one"), ElementsAre("parent"));
  EXPECT_THAT(awaiters_of(graph, "two"), ElementsAre("parent"));
  const std::string drawn = format_task_tree({graph});
  EXPECT_THAT(drawn, HasSubstr("└── parent\n"));
  EXPECT_THAT(drawn, HasSubstr("    ├── one\n"));
  EXPECT_THAT(drawn, HasSubstr("    └── two\n"));
  co_await stop(parent);
}

Coro<> group_of_two(Event* never) {
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    group.create_task(spice(never), "one");
    group.create_task(spice(never), "two");
    co_return;
  });
}

ASYNC_TEST(CallGraph, TaskGroupIsTheAwaiterOfEachChild) {
  Event never;
  const Task<> parent = create_task(group_of_two(&never), "parent");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  EXPECT_THAT(awaiters_of(graph, "one"), ElementsAre("parent"));
  EXPECT_THAT(awaiters_of(graph, "two"), ElementsAre("parent"));
  co_await stop(parent);
}

Coro<> take(Queue<int>* queue) { (void)co_await queue->get(); }
Coro<> enter(Lock* lock) { co_await lock->acquire(); }
Coro<> nap() { co_await sleep(1h); }
Coro<> expect_news(const Future<int>* news) { (void)co_await *news; }

ASYNC_TEST(CallGraph, ShowsWhatTasksWaitForThatAreNoTasks) {
  Queue<int> queue;
  Lock lock;
  const Future<int> news;
  co_await lock.acquire();
  std::vector<Task<>> tasks;
  tasks.push_back(create_task(take(&queue), "of a queue"));
  tasks.push_back(create_task(enter(&lock), "of a lock"));
  tasks.push_back(create_task(nap(), "of time"));
  tasks.push_back(create_task(expect_news(&news), "of a future"));
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  EXPECT_THAT(functions_of(*find(graph, "of a queue")), ElementsAre("take"));
  EXPECT_THAT(functions_of(*find(graph, "of a lock")), ElementsAre("enter"));
  EXPECT_THAT(functions_of(*find(graph, "of time")), ElementsAre("nap"));
  EXPECT_THAT(functions_of(*find(graph, "of a future")), ElementsAre("expect_news"));
  for (const TaskInfo& task : graph.tasks) EXPECT_THAT(task.awaited_by, IsEmpty()) << task.name;
  co_await stop_all(std::move(tasks));
  lock.release();
}

Coro<LoopInfo> look_around() { co_return capture_call_graph(); }

ASYNC_TEST(CallGraph, HasTheTaskThatLooks) {
  const LoopInfo graph = co_await look_around();
  EXPECT_EQ(graph.tasks.size(), 1U);
  const TaskInfo& self = *find(graph, "test body");
  EXPECT_TRUE(self.running);
  EXPECT_EQ(self.stack.size(), 2U);
  EXPECT_EQ(self.stack.back().function, "look_around");
  EXPECT_EQ(graph.thread_id, static_cast<std::int32_t>(::gettid()));
  EXPECT_THAT(format_task_table({graph}), HasSubstr("[running] look_around ("));
  std::ostringstream out;
  print_call_graph(out);
  EXPECT_THAT(out.str(), ::testing::StartsWith("* test body  [running]\n"));
}

ASYNC_TEST(CallGraph, MarksATaskThatIsBeingCancelled) {
  const Task<> task = create_task(nap(), "doomed");
  co_await settle();
  task.cancel();
  const LoopInfo graph = capture_call_graph();
  EXPECT_EQ(find(graph, "doomed")->cancelling, 1);
  EXPECT_THAT(format_task_tree({graph}), HasSubstr("doomed  [being cancelled]\n"));
  (void)co_await error_of(task);
  EXPECT_EQ(capture_call_graph().tasks.size(), 1U);
}

ASYNC_TEST(CallGraph, FindsAndDrawsACircle) {
  Task<> first;
  Task<> second;
  first = create_task(join(&second), "first");
  second = create_task(join(&first), "second");
  const Task<> outside = create_task(join(&first), "outside");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  const auto cycles = find_await_cycles(graph);
  EXPECT_THAT(cycles, ElementsAre(UnorderedElementsAre("first", "second")));
  const auto ids = find_await_cycle_ids(graph);
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_THAT(format_await_cycles(graph), HasSubstr("these tasks await each other"));
  EXPECT_THAT(format_task_tree({graph}),
              AllOf(HasSubstr("(see above)"), HasSubstr("can never go on: ")));
  EXPECT_THAT(format_task_table({graph}), HasSubstr("can never go on: "));
  EXPECT_THAT(format_call_graph(first), HasSubstr("(see above)"));
  // One that is cancelled passes it on, round and round, unless it waits for something else.
  co_await stop(outside);
  (void)co_await error_of(first);
  (void)co_await error_of(second);
}

TEST(CallGraph, TellsNoTaskInTwoCircles) {
  LoopInfo loop;
  const auto add = [&loop](std::uint64_t id, std::vector<std::uint64_t> awaited_by) {
    TaskInfo task;
    task.id = id;
    task.name = "t" + std::to_string(id);
    task.awaited_by = std::move(awaited_by);
    loop.tasks.push_back(std::move(task));
  };
  add(1, {1});     // itself
  add(2, {3, 4});  // 2 and 3, 2 and 4: they have 2 in common
  add(3, {2});
  add(4, {2});
  add(5, {7});  // a ring of three, and somebody outside
  add(6, {5, 8, 99});
  add(7, {6});
  add(8, {});
  std::set<std::set<std::uint64_t>> circles;
  std::size_t told = 0;
  for (const auto& circle : find_await_cycle_ids(loop)) {
    circles.emplace(circle.begin(), circle.end());
    told += circle.size();
  }
  EXPECT_EQ(told, 6U);
  EXPECT_TRUE(circles.contains({1}));
  EXPECT_TRUE(circles.contains({5, 6, 7}));
  EXPECT_TRUE(circles.contains({2, 3}) || circles.contains({2, 4}));
  EXPECT_THAT(format_await_cycles(loop), HasSubstr(": t1 -> t1\n"));
  EXPECT_THAT(format_task_table({loop}), HasSubstr("99"));
}

TEST(CallGraph, TellsCirclesOfACrowdInNoTime) {
  // Each awaits all before it and the next one: as many circles as there are edges.
  LoopInfo loop;
  constexpr std::uint64_t kTasks = 700;
  for (std::uint64_t id = 1; id <= kTasks; ++id) {
    TaskInfo& task = loop.tasks.emplace_back();
    task.id = id;
    if (id > 1) task.awaited_by.push_back(id - 1);
    for (std::uint64_t later = id + 1; later <= kTasks; ++later) task.awaited_by.push_back(later);
  }
  std::size_t told = 0;
  for (const auto& circle : find_await_cycle_ids(loop)) told += circle.size();
  EXPECT_GT(told, 0U);
  EXPECT_LE(told, kTasks);
}

ASYNC_TEST(CallGraph, HasAllOfTenThousandTasks) {
  constexpr std::size_t kTasks = 10'000;
  Event never;
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < kTasks; ++i) tasks.push_back(create_task(cook(&never)));
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  EXPECT_EQ(graph.tasks.size(), kTasks + 1);
  std::set<std::uint64_t> ids;
  for (const TaskInfo& task : graph.tasks) ids.insert(task.id);
  EXPECT_EQ(ids.size(), kTasks + 1);
  EXPECT_TRUE(std::all_of(graph.tasks.begin() + 1, graph.tasks.end(),
                          [](const TaskInfo& task) { return task.stack.size() == 3; }));
  const std::string table = format_task_table({graph}, TaskTableOptions().columns_max(80));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), kTasks + 2);
  co_await stop_all(std::move(tasks));
}

ASYNC_TEST(CallGraph, HasAllAwaitersOfATask) {
  constexpr std::size_t kAwaiters = 10'000;
  Event done;
  const Task<> one = create_task(spice(&done), "awaited");
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < kAwaiters; ++i) tasks.push_back(create_task(join(&one)));
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  EXPECT_EQ(graph.tasks.size(), kAwaiters + 2);
  EXPECT_EQ(find(graph, "awaited")->awaited_by.size(), kAwaiters);
  const std::string wide = format_task_table({graph});
  EXPECT_LT(wide.size(), 4'000'000U) << "one long cell made all rows long";
  EXPECT_LT(format_task_tree({graph}).size(), 4'000'000U);
  done.set();
  for (const Task<>& task : tasks) co_await task;
}

ASYNC_TEST(CallGraph, DrawsALongChainOfTasksWithoutItsSquare) {
  constexpr std::size_t kTasks = 10'000;
  Event done;
  std::vector<Task<>> tasks;
  tasks.reserve(kTasks);
  tasks.push_back(create_task(spice(&done), "last"));
  while (tasks.size() < kTasks) tasks.push_back(create_task(join(&tasks.back())));
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  const std::string tree = format_task_tree({graph});
  EXPECT_LT(tree.size(), 10'000'000U);
  EXPECT_THAT(tree, HasSubstr("(level 10000) last\n"));
  const std::string upwards = format_call_graph(tasks.front());
  EXPECT_LT(upwards.size(), 10'000'000U);
  EXPECT_THAT(upwards, HasSubstr("(level 10000) "));
  done.set();
  co_await tasks.back();
  co_await settle();
}

ASYNC_TEST(CallGraph, EndsADeepChainAtItsInnermostCoroutines) {
  Event never;
  const Task<> task = create_task(deep(1000, &never), "deep");
  co_await settle();
  const LoopInfo graph = capture_call_graph();
  const TaskInfo& info = *find(graph, "deep");
  EXPECT_EQ(info.stack.size(), 257U);
  EXPECT_EQ(info.stack.front().function, "…");
  EXPECT_EQ(info.stack.back().function, "deep");
  EXPECT_EQ(task.get_stack().size(), 1000U);
  EXPECT_THAT(format_task_table({graph}), HasSubstr(" <- …\n"));
  co_await stop(task);
}

ASYNC_TEST(CallGraph, DrawsNamesAsEscapesAndNotAsTheyAre) {
  const std::string name = "red \x1b[31m\nnext\t\x9b \xc2\x9b \xe2\x80\xae\x7f half \xc3";
  const std::string shown =
      "red \\x1b[31m\\nnext\\t\xEF\xBF\xBD \\x9b \\u202e\\x7f half \xEF\xBF\xBD";
  Task<> other;
  const Task<> task = create_task(join(&other), name);
  other = create_task(nap(), "other\r");
  co_await settle();
  std::ostringstream out;
  print_call_graph(out, other);
  EXPECT_THAT(out.str(), ::testing::StartsWith("* other\\r\n"));
  EXPECT_THAT(out.str(), HasSubstr("  awaited by\n  * " + shown + "\n"));
  const LoopInfo graph = capture_call_graph();
  EXPECT_EQ(find(graph, name)->name, name) << "the record has the bytes";
  EXPECT_THAT(format_task_tree({graph}), HasSubstr("└── " + shown + "\n"));
  EXPECT_THAT(format_task_table({graph}), HasSubstr(shown));
  co_await stop(task);
  EXPECT_EQ(format_call_graph(other), "* other\\r is done\n");
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

LoopInfo odd_tasks() {
  LoopInfo loop;
  loop.thread_id = 7;
  std::uint64_t id = 0;
  for (const std::string& name :
       std::vector<std::string>{"plain", "größer 漢字", std::string(500, 'n'), "", "tab\there"}) {
    TaskInfo& task = loop.tasks.emplace_back();
    task.id = ++id;
    task.name = name;
    task.age = std::chrono::seconds(5);
    for (int i = 0; i < 40; ++i) {
      task.stack.emplace_back("f" + std::to_string(i), "/a/long/path/to/file.cpp", i + 1);
    }
    if (id > 1) task.awaited_by = {1, id - 1, 77};
  }
  loop.tasks[0].stack = {StackFrame("only", "only.cpp", 1)};
  loop.tasks[3].stack.clear();
  loop.tasks[4].running = true;
  return loop;
}

TEST(CallGraphTable, FitsIntoItsColumnsWhateverTheyAre) {
  const LoopInfo loop = odd_tasks();
  for (std::size_t columns = 0; columns < 200; ++columns) {
    const std::string table = format_task_table({loop}, TaskTableOptions().columns_max(columns));
    std::istringstream lines(table);
    std::size_t rows = 0;
    for (std::string line; std::getline(lines, line); ++rows) {
      EXPECT_LE(code_points(line), columns) << line;
    }
    EXPECT_EQ(rows, 6U);
  }
}

TEST(CallGraphTable, ShortFormKeepsTheInnermostAndTheOutermost) {
  const std::string table = format_task_table({odd_tasks()}, TaskTableOptions().columns_max(120));
  EXPECT_THAT(table, HasSubstr(" f39 (file.cpp:40) <- f38 <- "));
  EXPECT_THAT(table, HasSubstr(" <- … <- f0\n"));
  EXPECT_THAT(table, HasSubstr("[running] f39 (file.cpp:40) <- "));
  EXPECT_THAT(table, HasSubstr("only (only.cpp:1)\n"));
  EXPECT_THAT(table, HasSubstr("nnn…  "));
  EXPECT_THAT(table, Not(HasSubstr("/a/long")));
}

TEST(CallGraphTable, AlignsByCodePoints) {
  LoopInfo loop = odd_tasks();
  loop.tasks.resize(2);
  std::istringstream lines(format_task_table({loop}));
  std::string head;
  std::getline(lines, head);
  const std::size_t column = head.find("AGE");
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(code_points(line.substr(0, line.find("5.0s"))), column) << line;
  }
}

TEST(CallGraphTable, WholeFormHasAllAndWholePathsIfAsked) {
  const LoopInfo loop = odd_tasks();
  const std::string table = format_task_table({loop});
  EXPECT_THAT(table, HasSubstr("f39 (file.cpp:40) <- f38 (file.cpp:39) <- "));
  EXPECT_THAT(table, HasSubstr(" <- f0 (file.cpp:1)\n"));
  EXPECT_THAT(table, HasSubstr(std::string(500, 'n')));
  const std::string wide = format_task_table({loop}, TaskTableOptions().paths(FilePaths::kWhole));
  EXPECT_THAT(wide, HasSubstr(" <- f0 (/a/long/path/to/file.cpp:1)\n"));
  EXPECT_THAT(format_task_tree({loop}, FilePaths::kWhole),
              HasSubstr("f0 (/a/long/path/to/file.cpp:1)\n"));
}

}  // namespace
}  // namespace cochain::testing
