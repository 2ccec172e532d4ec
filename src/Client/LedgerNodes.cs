namespace GovChain.Client;

/// <summary>
/// The nodes that a program may ask. It goes on with the one that answered last, with the next where that fails in a way that may
/// pass, and with all of them again after a while. Safe from any thread.
/// </summary>
/// <param name="nodes">One or more; disposed with this.</param>
/// <param name="patience">How long to go on, from the first round in which all of them failed.</param>
/// <param name="time">The clock.</param>
internal sealed class LedgerNodes(IReadOnlyList<LedgerClient> nodes, TimeSpan patience, TimeProvider time) : IDisposable
{
    /// <summary>How long one node may take: a stopped process accepts connections and never answers.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private int _current;

    /// <summary>Asks until there is an answer, a refusal, or the patience has ended.</summary>
    /// <param name="ask">Asks one node; may be called again, with the same node or another.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LedgerClientException">A refusal, or the last failure.</exception>
    public Task<T> AskAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, CancellationToken cancellation) =>
        new NodePatience(patience, time).AskAsync(token => AskEachAsync(ask, token), null, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LedgerClient node in nodes)
            node.Dispose();
    }

    /// <summary>One round. Where all fail, the failure is the one whose node wants to be left alone the longest.</summary>
    private async Task<T> AskEachAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        LedgerClientException? failure = null;
        int first = Volatile.Read(ref _current);
        for (int i = 0; i < nodes.Count; i++)
        {
            int at = (first + i) % nodes.Count;
            try
            {
                T answer = await AskAsync(nodes[at], ask, cancellation);
                Volatile.Write(ref _current, at);
                return answer;
            }
            catch (LedgerClientException e) when (e.IsTransient)
            {
                if (failure is null || (e.RetryAfter ?? TimeSpan.Zero) >= (failure.RetryAfter ?? TimeSpan.Zero))
                    failure = e;
            }
        }
        throw failure!;
    }

    private async Task<T> AskAsync<T>(LedgerClient node, Func<LedgerClient, CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            return await ask(node, either.Token);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw LedgerClientException.Late(node.Node, e);
        }
    }
}
