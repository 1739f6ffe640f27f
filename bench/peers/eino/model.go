package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/cloudwego/eino/components/model"
	"github.com/cloudwego/eino/components/prompt"
	"github.com/cloudwego/eino/schema"
)

const (
	streamTokens = 1000
	answerTokens = 50
	batchItems   = 5000
	batchAtOnce  = 64
	toolCount    = 10
)

// The texts of every peer.

func words(count int) []string {
	some := []string{"the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs"}
	made := make([]string, count)
	for i := range made {
		made[i] = " " + some[i%len(some)]
	}
	return made
}

func document(size int) string {
	var text strings.Builder
	text.WriteString(`{"items": [`)
	for id := 0; text.Len()+2 < size; id++ {
		if id > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, `{"id": %d, "name": "Product %d", "price": %d.25, `+
			`"tags": ["alpha", "beta"], `+
			`"text": "A quick brown fox said: \"jump over lazy dogs\".", "in_stock": true}`,
			id, id, id%500)
	}
	return text.String() + "]}"
}

func inFours(text string) []string {
	var pieces []string
	for at := 0; at < len(text); at += 4 {
		pieces = append(pieces, text[at:min(at+4, len(text))])
	}
	return pieces
}

func question() map[string]any {
	return map[string]any{
		"input_language":  "English",
		"output_language": "French",
		"text":            "The quick brown fox jumps over the lazy dogs.",
	}
}

func template() prompt.ChatTemplate {
	return prompt.FromMessages(schema.FString,
		schema.SystemMessage("You translate from {input_language} to {output_language}."),
		schema.UserMessage("{text}"))
}

// scriptedModel says the same each time, at once; with calls, it wants them run first.
type scriptedModel struct {
	tokens []string
	answer string
	calls  []schema.ToolCall
}

func saying(tokens []string) *scriptedModel {
	return &scriptedModel{tokens: tokens, answer: strings.Join(tokens, "")}
}

func (s *scriptedModel) Generate(_ context.Context, input []*schema.Message,
	_ ...model.Option) (*schema.Message, error) {
	if len(s.calls) > 0 && input[len(input)-1].Role != schema.Tool {
		return schema.AssistantMessage("", append([]schema.ToolCall(nil), s.calls...)), nil
	}
	return schema.AssistantMessage(s.answer, nil), nil
}

func (s *scriptedModel) Stream(_ context.Context, _ []*schema.Message,
	_ ...model.Option) (*schema.StreamReader[*schema.Message], error) {
	pieces := make([]*schema.Message, len(s.tokens))
	for i, token := range s.tokens {
		pieces[i] = schema.AssistantMessage(token, nil)
	}
	return schema.StreamReaderFromArray(pieces), nil
}

func (s *scriptedModel) WithTools(_ []*schema.ToolInfo) (model.ToolCallingChatModel, error) {
	return s, nil
}
