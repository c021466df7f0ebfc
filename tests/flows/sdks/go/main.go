// Command shop is a web shop whose orders and refunds fail; sentry-go tells Amber of it.
//
// Usage: shop DSN order|refund. It prints the id of the event.
package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"
)

var prices = map[string]int{"tea": 3}

// NoPrice says that nobody knows what an item costs.
type NoPrice struct{ Item string }

func (problem *NoPrice) Error() string { return "no price for " + problem.Item }

func priceOf(item string) (int, error) {
	if price, known := prices[item]; known {
		return price, nil
	}
	return 0, &NoPrice{item}
}

func pay(items ...string) error {
	for _, item := range items {
		if _, err := priceOf(item); err != nil {
			return fmt.Errorf("the cart has no price: %w", err)
		}
	}
	return nil
}

func checkOut(_ http.ResponseWriter, request *http.Request) {
	if err := pay("tea", "coffee"); err != nil {
		report(request, fmt.Errorf("the order failed: %w", err))
	}
}

func report(request *http.Request, err error) {
	sentry.GetHubFromContext(request.Context()).CaptureException(err)
}

// refund panics; the middleware of sentry-go recovers.
func refund(_ http.ResponseWriter, request *http.Request) {
	paid := []int{}
	fmt.Fprintln(os.Stderr, paid[len(request.URL.Path)])
}

func describe(scope *sentry.Scope) {
	scope.SetUser(sentry.User{ID: "42", Email: "reader@example.org", Username: "reader"})
	scope.SetTags(map[string]string{"cart": "large", "region": "eu"})
	scope.AddAttachment(&sentry.Attachment{Filename: "cart.txt", ContentType: "text/plain", Payload: []byte("2 x coffee\n")})
	scope.AddBreadcrumb(&sentry.Breadcrumb{
		Category: "cart", Message: "a book was put into the cart", Level: sentry.LevelInfo,
		Data: map[string]any{"items": 2}, Timestamp: time.Now(),
	}, 100)
	scope.AddBreadcrumb(&sentry.Breadcrumb{
		Category: "checkout", Message: "pay was pressed", Level: sentry.LevelWarning, Timestamp: time.Now(),
	}, 100)
}

func main() {
	sent := ""
	err := sentry.Init(sentry.ClientOptions{
		Dsn: os.Args[1], Release: "shop@1.4.2", Environment: "staging",
		BeforeSend: func(event *sentry.Event, _ *sentry.EventHint) *sentry.Event {
			sent = string(event.EventID)
			return event
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	sentry.ConfigureScope(describe)
	pages := map[string]http.HandlerFunc{"order": checkOut, "refund": refund}
	request := httptest.NewRequest(http.MethodPost, "http://shop.example/"+os.Args[2]+"?step=2", nil)
	sentryhttp.New(sentryhttp.Options{}).Handle(pages[os.Args[2]]).ServeHTTP(httptest.NewRecorder(), request)
	if !sentry.Flush(30 * time.Second) {
		log.Fatal("sentry-go could not send the event")
	}
	fmt.Println(sent)
}
