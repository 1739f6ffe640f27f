#!/usr/bin/env python3
"""The rows of bench/chains on LangChain, and with --langgraph those of agents on LangGraph.

usage: main.py [--langgraph] [--list] ROW...

For each row that it knows it prints one line of JSON: CPU time of the process for one operation,
the median of three samples of 30 ms or more, after a warm-up; one sample if that takes seconds.
"""
import asyncio
import gc
import json
import sys
import time
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator
from langchain_core.tools import StructuredTool
from pydantic import BaseModel

SAMPLE_SECONDS = 0.030
SAMPLES = 3
STREAM_TOKENS = 1000
ANSWER_TOKENS = 50
BATCH_ITEMS = 5000
BATCH_AT_ONCE = 64
TOOLS = 10
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs")


class Meter:
    seconds = 0.0
    parts = 1

    def start(self):
        self.started = time.process_time()

    def stop(self):
        self.seconds = time.process_time() - self.started


# --- the texts of every peer --------------------------------------------------------------------


def words(count):
    return [" " + WORDS[i % len(WORDS)] for i in range(count)]


def document(size):
    text = '{"items": ['
    at = 0
    while len(text) + 2 < size:
        if at > 0:
            text += ", "
        text += (f'{{"id": {at}, "name": "Product {at}", "price": {at % 500}.25, '
                 '"tags": ["alpha", "beta"], '
                 '"text": "A quick brown fox said: \\"jump over lazy dogs\\".", "in_stock": true}')
        at += 1
    return text + "]}"


def in_fours(text):
    return [text[at:at + 4] for at in range(0, len(text), 4)]


def question():
    return {"input_language": "English", "output_language": "French",
            "text": "The quick brown fox jumps over the lazy dogs."}


class ScriptedModel(BaseChatModel):
    """Says the same each time, at once; with calls, it wants them run first."""

    tokens: list[str]
    calls: list[dict] = []
    answer: str = ""

    def model_post_init(self, context: Any) -> None:
        super().model_post_init(context)
        self.answer = "".join(self.tokens)

    @property
    def _llm_type(self):
        return "scripted"

    def bind_tools(self, tools, **kwargs):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        if self.calls and not isinstance(messages[-1], ToolMessage):
            message = AIMessage(content="", tool_calls=[dict(call) for call in self.calls])
        else:
            message = AIMessage(content=self.answer)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        return self._generate(messages, stop)

    async def _astream(self, messages, stop=None,
                       run_manager: AsyncCallbackManagerForLLMRun | None = None, **kwargs):
        for token in self.tokens:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=token))
            if run_manager:
                await run_manager.on_llm_new_token(token, chunk=chunk)
            yield chunk


def prompt():
    return ChatPromptTemplate.from_messages([
        ("system", "You translate from {input_language} to {output_language}."),
        ("human", "{text}"),
    ])


# --- chains -------------------------------------------------------------------------------------


async def invoke(meter, n):
    chain = prompt() | ScriptedModel(tokens=words(ANSWER_TOKENS)) | StrOutputParser()
    meter.start()
    for _ in range(n):
        await chain.ainvoke(question())
    meter.stop()


async def drain(meter, n, chain):
    meter.parts = STREAM_TOKENS
    pieces = 0
    meter.start()
    for _ in range(n):
        async for piece in chain.astream(question()):
            pieces += 1 if piece else 0
    meter.stop()
    assert pieces == n * STREAM_TOKENS


def chain3():
    return prompt() | ScriptedModel(tokens=words(STREAM_TOKENS)) | StrOutputParser()


async def stream3(meter, n):
    await drain(meter, n, chain3())


async def upper(pieces):
    async for piece in pieces:
        yield piece.upper()


async def with_dashes(pieces):
    async for piece in pieces:
        yield piece.replace(" ", "-")


async def stream5(meter, n):
    chain = chain3() | RunnableGenerator(upper) | RunnableGenerator(with_dashes)
    await drain(meter, n, chain)


async def events3(meter, n):
    chain = chain3()
    meter.parts = STREAM_TOKENS
    pieces = 0
    meter.start()
    for _ in range(n):
        async for event in chain.astream_events(question(), version="v2"):
            pieces += 1 if event["event"].endswith("_stream") else 0
    meter.stop()
    assert pieces >= 3 * n * STREAM_TOKENS


async def batch5000(meter, n):
    chain = prompt() | ScriptedModel(tokens=words(ANSWER_TOKENS)) | StrOutputParser()
    meter.parts = BATCH_ITEMS
    meter.start()
    for _ in range(n):
        inputs = [question() for _ in range(BATCH_ITEMS)]
        await chain.abatch(inputs, config={"max_concurrency": BATCH_AT_ONCE})
    meter.stop()


async def structured10k(meter, n):
    chain = prompt() | ScriptedModel(tokens=in_fours(document(10240))) | JsonOutputParser()
    meter.start()
    for _ in range(n):
        async for value in chain.astream(question()):
            assert isinstance(value, dict)
    meter.stop()


async def structured10k_diff(meter, n):
    chain = prompt() | ScriptedModel(tokens=in_fours(document(10240))) | JsonOutputParser(diff=True)
    meter.start()
    for _ in range(n):
        async for _ in chain.astream(question()):
            pass
    meter.stop()


# --- agents -------------------------------------------------------------------------------------


class Place(BaseModel):
    city: str
    days: int


async def forecast(city: str, days: int) -> str:
    return f"Sunny in {city} for {days} days."


def agent_calling(count):
    from langgraph.prebuilt import create_react_agent

    tools = [StructuredTool.from_function(coroutine=forecast, name=f"forecast_{i}",
                                          description="The weather of a city.", args_schema=Place)
             for i in range(count)]
    calls = [{"id": f"call_{i}", "name": f"forecast_{i}", "args": {"city": "Paris", "days": 3}}
             for i in range(count)]
    return create_react_agent(ScriptedModel(tokens=words(ANSWER_TOKENS), calls=calls), tools)


def run_agent(count):
    async def row(meter, n):
        agent = agent_calling(count)
        meter.start()
        for _ in range(n):
            result = await agent.ainvoke(
                {"messages": [("user", "What is the weather in Paris?")]})
            assert len(result["messages"]) == count + 3
        meter.stop()

    return row


CHAINS = {
    "invoke": invoke, "stream3": stream3, "stream5": stream5, "events3": events3,
    "batch5000": batch5000, "structured10k": structured10k,
    "structured10k_diff": structured10k_diff,
}
AGENTS = {"agent_step": run_agent(1), "tools10": run_agent(TOOLS)}
FIXED = {"batch5000": 1, "structured10k": 1, "structured10k_diff": 1}


def sample(body, n):
    gc.collect()
    meter = Meter()
    asyncio.run(body(meter, n))
    return meter


def measure(name, body):
    n = FIXED.get(name, 1)
    if name not in FIXED:
        sample(body, n)  # what is imported or compiled at first use
    meter = sample(body, n)
    while name not in FIXED and meter.seconds < SAMPLE_SECONDS:
        factor = 1.2 * SAMPLE_SECONDS / max(meter.seconds, 1e-9)
        n = int(n * min(max(factor, 2), 100))
        meter = sample(body, n)
    samples = [meter] if meter.seconds > 1 else [sample(body, n) for _ in range(SAMPLES)]
    samples.sort(key=lambda one: one.seconds)
    median = samples[len(samples) // 2]
    return median.seconds * 1e9 / n / median.parts, n


def main():
    arguments = sys.argv[1:]
    langgraph = "--langgraph" in arguments
    rows = AGENTS if langgraph else CHAINS
    for argument in arguments:
        if argument == "--list":
            print("\n".join(rows))
        elif argument in rows:
            ns, n = measure(argument, rows[argument])
            peer = "langgraph" if langgraph else "langchain"
            print(json.dumps({"row": argument, "peer": peer, "ns": ns, "n": n}))


if __name__ == "__main__":
    main()
