package shop;

import io.sentry.Attachment;
import io.sentry.Breadcrumb;
import io.sentry.IScope;
import io.sentry.Sentry;
import io.sentry.SentryLevel;
import io.sentry.SentryOptions;
import io.sentry.protocol.Feedback;
import io.sentry.protocol.SentryId;
import io.sentry.protocol.User;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A shop whose orders and refunds fail; sentry-java tells Amber of it. Usage: Shop DSN order|refund; prints the event's id. */
public final class Shop {
  private final Map<String, Integer> prices = new HashMap<>(Map.of("tea", 3));

  static final class NoPrice extends RuntimeException {
    NoPrice(String item) {
      super("no price for " + item);
    }
  }

  static final class OrderFailed extends Exception {
    OrderFailed(Throwable cause) {
      super("the order failed", cause);
    }
  }

  private int askForPrice(String item) {
    throw new NoPrice(item);
  }

  private int priceOf(String item) {
    return prices.computeIfAbsent(item, this::askForPrice);
  }

  private int pay(List<String> items) {
    try {
      return items.stream().mapToInt(this::priceOf).sum();
    } catch (NoPrice cause) {
      throw new IllegalStateException("the cart has no price", cause);
    }
  }

  private void checkOut() throws OrderFailed {
    try {
      pay(List.of("tea", "coffee"));
    } catch (IllegalStateException cause) {
      throw new OrderFailed(cause);
    }
  }

  private int refund() {
    return Integer.parseInt("three");
  }

  private static void configure(SentryOptions options, String dsn) {
    options.setDsn(dsn);
    options.setRelease("shop@1.4.2");
    options.setEnvironment("staging");
  }

  private static void describe(IScope scope) {
    User user = new User();
    user.setId("42");
    user.setEmail("reader@example.org");
    user.setUsername("reader");
    scope.setUser(user);
    scope.setTag("cart", "large");
    scope.setTag("region", "eu");
    byte[] bytes = "2 x coffee\n".getBytes(StandardCharsets.UTF_8);
    scope.addAttachment(new Attachment(bytes, "cart.txt", "text/plain"));
  }

  private static void leaveBreadcrumbs() {
    Breadcrumb cart = new Breadcrumb("a book was put into the cart");
    cart.setCategory("cart");
    cart.setLevel(SentryLevel.INFO);
    cart.setData("items", 2);
    Sentry.addBreadcrumb(cart);
    Breadcrumb pressed = new Breadcrumb("pay was pressed");
    pressed.setCategory("checkout");
    pressed.setLevel(SentryLevel.WARNING);
    Sentry.addBreadcrumb(pressed);
  }

  private static SentryId fail(String page) {
    Shop shop = new Shop();
    try {
      if (page.equals("order")) {
        shop.checkOut();
      } else {
        shop.refund();
      }
      return SentryId.EMPTY_ID;
    } catch (Exception problem) {
      return Sentry.captureException(problem);
    }
  }

  private static void complain(SentryId about) {
    Feedback feedback = new Feedback("The shop lost my coffee");
    feedback.setName("A reader");
    feedback.setContactEmail("reader@example.org");
    feedback.setAssociatedEventId(about);
    Sentry.feedback().capture(feedback);
  }

  public static void main(String[] words) {
    Sentry.init(options -> configure(options, words[0]));
    Sentry.configureScope(Shop::describe);
    leaveBreadcrumbs();
    SentryId sent = fail(words[1]);
    complain(sent);
    Sentry.flush(30_000);
    Sentry.close();
    System.out.println(sent);
  }
}
