using Microsoft.AspNetCore.Http;

namespace GovChain.Rpc;

/// <summary>
/// The server's own deadline of one request, which a client cannot lengthen: so long for its turn, for its body, so long to answer it,
/// so long to take the answer. When a time is over, the request is cancelled, and a moment later broken off if that
/// did not end it.
/// </summary>
/// <remarks>Safe from any thread. Nothing happens to the request after <see cref="End"/>: the server uses its objects
/// again for the next one.</remarks>
internal sealed class RequestClock
{
    /// <summary>The body did not come in time.</summary>
    public const string BodyTooSlow = "BODY_TOO_SLOW";

    /// <summary>The turn did not come in time.</summary>
    public const string WaitedTooLong = "WAITED_TOO_LONG";

    /// <summary>The answer was not made in time.</summary>
    public const string RequestTimeout = "REQUEST_TIMEOUT";

    /// <summary>Others needed its place.</summary>
    public const string GaveWay = "GAVE_WAY";

    private const string ResponseTooSlow = "RESPONSE_TOO_SLOW";
    private const string ClientGone = "CLIENT_GONE";

    /// <summary>How long a cancelled request may take to say so to its client.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly HttpContext _context;
    private readonly RpcOptions _options;
    private readonly RpcMetrics _metrics;
    private readonly CancellationToken _clientGone;
    private readonly CancellationTokenSource _cancel;
    private readonly ITimer _timer;
    private string _late = WaitedTooLong;
    private bool _answering;
    private bool _ended;

    /// <summary>Starts with the time to wait for a turn, and links the request's cancellation to this clock.</summary>
    public RequestClock(HttpContext context, RpcOptions options, RpcMetrics metrics, TimeProvider time)
    {
        _context = context;
        _options = options;
        _metrics = metrics;
        _clientGone = context.RequestAborted;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(_clientGone);
        context.RequestAborted = _cancel.Token;
        context.Features.Set(this);
        _timer = time.CreateTimer(static clock => ((RequestClock)clock!).OnTime(), this, options.BodyTimeMax,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Which time was over first, or <see cref="GaveWay"/>; null while none is.</summary>
    public string? Overdue { get; private set; }

    /// <summary>A message that the client of a stream did not take in time: it is still on its way.</summary>
    public Task? Untaken { get; set; }

    /// <summary>Its turn has come: the body may take so long.</summary>
    public void Begin() => Enter(BodyTooSlow, _options.BodyTimeMax);

    /// <summary>The body is there, or a stream began: answering may take so long.</summary>
    public void Handling(TimeSpan max) => Enter(RequestTimeout, max);

    /// <summary>Its place is another's now: it ends as if a time were over, unless its answer is made.</summary>
    public void GiveWay()
    {
        lock (_lock)
        {
            if (_ended || _answering || Overdue is not null)
                return;
            EndFor(GaveWay);
        }
        Cancel(GaveWay);
    }

    /// <summary>The answer is made: taking it may take the rest of its time.</summary>
    public void Answering()
    {
        lock (_lock)
        {
            if (_answering)
                return;
            _answering = true;
        }
        Enter(ResponseTooSlow, _options.ResponseTimeMax);
    }

    /// <summary>The last byte is gone, or the client is.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_ended)
                return;
            _ended = true;
        }
        _timer.Dispose();
        if (Overdue is null && _clientGone.IsCancellationRequested)
            _metrics.EndedEarly(ClientGone);
        _cancel.Dispose();
    }

    private void Enter(string late, TimeSpan max)
    {
        lock (_lock)
        {
            if (_ended || Overdue is not null)
                return;
            _late = late;
            _timer.Change(max, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnTime()
    {
        string reason;
        lock (_lock)
        {
            if (_ended)
                return;
            // The answer is there and not taken: there is nothing to say it with.
            if (Overdue is not null || _answering)
                _context.Abort();
            if (Overdue is not null)
                return;
            EndFor(reason = _late);
        }
        Cancel(reason);
    }

    private void EndFor(string reason)
    {
        Overdue = reason;
        if (!_answering)
            _timer.Change(Grace, Timeout.InfiniteTimeSpan);
        // gRPC reads a unary request's body without a token.
        if (_late == BodyTooSlow)
            _context.Request.BodyReader.CancelPendingRead();
    }

    private void Cancel(string reason)
    {
        _metrics.EndedEarly(reason);
        try
        {
            // What that ends does not end on the thread of whoever took the place.
            _ = _cancel.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended in the meantime.
        }
    }
}
