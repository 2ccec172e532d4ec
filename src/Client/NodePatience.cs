namespace GovChain.Client;

/// <summary>
/// How long a client goes on trying while its node cannot be reached: the time counts from the first failure since the node
/// last answered.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="patience">How long to go on.</param>
/// <param name="time">The clock.</param>
internal sealed class NodePatience(TimeSpan patience, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private long _lostSince;

    /// <summary>The node answered.</summary>
    public void Answered() => _lostSince = 0;

    /// <summary>The node failed in a way that may pass: whether to try again.</summary>
    public bool Allows()
    {
        if (_lostSince == 0)
            _lostSince = time.GetTimestamp();
        return time.GetElapsedTime(_lostSince) <= patience;
    }

    /// <summary>Waits as long as the node says, or half a second; no longer than the patience lasts.</summary>
    public Task WaitAsync(LedgerClientException failure, CancellationToken cancellation)
    {
        TimeSpan wait = failure.RetryAfter ?? Pause, left = _lostSince == 0 ? patience : patience - time.GetElapsedTime(_lostSince);
        return Task.Delay(wait < left ? wait : left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellation);
    }

    /// <summary>Asks until there is an answer, a refusal, or the patience has ended.</summary>
    /// <param name="ask">Asks once.</param>
    /// <param name="told">Told the first failure, before the waiting; null: nobody listens.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LedgerClientException">The last failure.</exception>
    public async Task<T> AskAsync<T>(
        Func<CancellationToken, Task<T>> ask, Action<LedgerClientException>? told, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                T answer = await ask(cancellation);
                Answered();
                return answer;
            }
            catch (LedgerClientException e) when (e.IsTransient && Allows())
            {
                told?.Invoke(e);
                told = null;
                await WaitAsync(e, cancellation);
            }
        }
    }
}
