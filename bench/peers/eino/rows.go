package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/cloudwego/eino/callbacks"
	"github.com/cloudwego/eino/components/tool"
	"github.com/cloudwego/eino/components/tool/utils"
	"github.com/cloudwego/eino/compose"
	"github.com/cloudwego/eino/flow/agent/react"
	"github.com/cloudwego/eino/schema"
)

var rows = []row{
	{"invoke", invoke, 0},
	{"stream3", stream(chain3), 0},
	{"stream5", stream(chain5), 0},
	{"events3", events3, 0},
	{"batch5000", batch5000, 2},
	{"structured10k", structured(10 << 10), 0},
	{"structured1m", structured(1 << 20), 2},
	{"agent_step", runAgent(1), 0},
	{"tools10", runAgent(toolCount), 0},
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

type runnable = compose.Runnable[map[string]any, string]

// The parser: the text of a message, whole or piece by piece.
func textParser() *compose.Lambda {
	whole := func(_ context.Context, message *schema.Message, _ ...any) (string, error) {
		return message.Content, nil
	}
	pieces := func(_ context.Context, input *schema.StreamReader[*schema.Message],
		_ ...any) (*schema.StreamReader[string], error) {
		return schema.StreamReaderWithConvert(input, func(message *schema.Message) (string, error) {
			return message.Content, nil
		}), nil
	}
	return must(compose.AnyLambda(whole, nil, nil, pieces))
}

func pieceLambda(change func(string) string) *compose.Lambda {
	return compose.TransformableLambda(func(_ context.Context,
		input *schema.StreamReader[string]) (*schema.StreamReader[string], error) {
		return schema.StreamReaderWithConvert(input, func(piece string) (string, error) {
			return change(piece), nil
		}), nil
	})
}

func chain3(tokens int) runnable {
	chain := compose.NewChain[map[string]any, string]().
		AppendChatTemplate(template()).
		AppendChatModel(saying(words(tokens))).
		AppendLambda(textParser())
	return must(chain.Compile(context.Background()))
}

func chain5(tokens int) runnable {
	chain := compose.NewChain[map[string]any, string]().
		AppendChatTemplate(template()).
		AppendChatModel(saying(words(tokens))).
		AppendLambda(textParser()).
		AppendLambda(pieceLambda(strings.ToUpper)).
		AppendLambda(pieceLambda(func(piece string) string {
			return strings.ReplaceAll(piece, " ", "-")
		}))
	return must(chain.Compile(context.Background()))
}

func invoke(m *meter, n int) {
	chain := chain3(answerTokens)
	ctx := context.Background()
	m.start()
	for i := 0; i < n; i++ {
		must(chain.Invoke(ctx, question()))
	}
	m.stop()
}

func drain[T any](pieces *schema.StreamReader[T]) int {
	defer pieces.Close()
	count := 0
	for {
		_, err := pieces.Recv()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			panic(err)
		}
		count++
	}
}

func stream(make func(int) runnable) func(m *meter, n int) {
	return func(m *meter, n int) {
		chain := make(streamTokens)
		ctx := context.Background()
		m.parts = streamTokens
		m.start()
		for i := 0; i < n; i++ {
			if count := drain(must(chain.Stream(ctx, question()))); count != streamTokens {
				panic(fmt.Sprint(count, " pieces"))
			}
		}
		m.stop()
	}
}

// A handler that reads the stream of each step is what eino has for stream_events.
func events3(m *meter, n int) {
	chain := chain3(streamTokens)
	m.parts = streamTokens
	var all sync.WaitGroup
	pieces := 0
	handler := callbacks.NewHandlerBuilder().
		OnStartFn(func(ctx context.Context, _ *callbacks.RunInfo,
			_ callbacks.CallbackInput) context.Context {
			return ctx
		}).
		OnEndWithStreamOutputFn(func(ctx context.Context, _ *callbacks.RunInfo,
			output *schema.StreamReader[callbacks.CallbackOutput]) context.Context {
			all.Add(1)
			go func() {
				pieces += drain(output) // GOMAXPROCS is 1
				all.Done()
			}()
			return ctx
		}).Build()
	ctx := context.Background()
	m.start()
	for i := 0; i < n; i++ {
		drain(must(chain.Stream(ctx, question(), compose.WithCallbacks(handler))))
		all.Wait()
	}
	m.stop()
	if pieces < 2*n*streamTokens {
		panic(fmt.Sprint(pieces, " pieces"))
	}
}

// eino has no batch: so many goroutines, and a channel that hands out the items.
func batch5000(m *meter, n int) {
	chain := chain3(answerTokens)
	m.parts = batchItems
	ctx := context.Background()
	m.start()
	for i := 0; i < n; i++ {
		answers := make([]string, batchItems)
		items := make(chan int)
		var all sync.WaitGroup
		for k := 0; k < batchAtOnce; k++ {
			all.Add(1)
			go func() {
				for item := range items {
					answers[item] = must(chain.Invoke(ctx, question()))
				}
				all.Done()
			}()
		}
		for k := 0; k < batchItems; k++ {
			items <- k
		}
		close(items)
		all.Wait()
	}
	m.stop()
}

// eino's parser needs the whole text: the pieces are joined, and there is one value at the end.
func structured(size int) func(m *meter, n int) {
	return func(m *meter, n int) {
		parser := schema.NewMessageJSONParser[map[string]any](nil)
		chain := must(compose.NewChain[map[string]any, map[string]any]().
			AppendChatTemplate(template()).
			AppendChatModel(saying(inFours(document(size)))).
			AppendLambda(compose.MessageParser(parser)).
			Compile(context.Background()))
		ctx := context.Background()
		m.start()
		for i := 0; i < n; i++ {
			drain(must(chain.Stream(ctx, question())))
		}
		m.stop()
	}
}

type place struct {
	City string `json:"city"`
	Days int    `json:"days"`
}

func forecast(_ context.Context, asked *place) (string, error) {
	return fmt.Sprintf("Sunny in %s for %d days.", asked.City, asked.Days), nil
}

func runAgent(count int) func(m *meter, n int) {
	return func(m *meter, n int) {
		ctx := context.Background()
		speaker := saying(words(answerTokens))
		var tools []tool.BaseTool
		for i := 0; i < count; i++ {
			name := fmt.Sprint("forecast_", i)
			speaker.calls = append(speaker.calls, schema.ToolCall{
				ID: fmt.Sprint("call_", i),
				Function: schema.FunctionCall{
					Name: name, Arguments: `{"city": "Paris", "days": 3}`},
			})
			tools = append(tools, must(utils.InferTool(name, "The weather of a city.", forecast)))
		}
		agent := must(react.NewAgent(ctx, &react.AgentConfig{
			ToolCallingModel: speaker,
			ToolsConfig:      compose.ToolsNodeConfig{Tools: tools},
		}))
		m.start()
		for i := 0; i < n; i++ {
			answer := must(agent.Generate(ctx, []*schema.Message{
				schema.UserMessage("What is the weather in Paris?")}))
			if answer.Content == "" {
				panic("no answer")
			}
		}
		m.stop()
	}
}
