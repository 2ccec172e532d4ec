using Grpc.Core;

namespace GovChain.Client;

/// <summary>
/// The nodes that a program may ask. It goes on with the one that answered last, with the next where that fails in a way that may
/// pass or says what is not so, and with all of them again after a while. Whose answer was not proven, or damaged, is asked last from then
/// on. Safe from any thread.
/// </summary>
/// <param name="nodes">One or more; disposed with this.</param>
/// <param name="patience">How long to go on, from the first round in which all of them failed.</param>
/// <param name="time">The clock.</param>
internal sealed class LedgerNodes(IReadOnlyList<LedgerClient> nodes, TimeSpan patience, TimeProvider time) : IDisposable
{
    /// <summary>How long one node may take: a stopped process accepts connections and never answers.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly bool[] _isDoubtful = new bool[nodes.Count];
    private int _current;

    /// <summary>Asks until there is an answer, a refusal, or the patience has ended.</summary>
    /// <param name="ask">Asks one node; may be called again, with the same node or another.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LedgerClientException">A refusal; an answer that is not proven or damaged, where no node gives another; or the last
    /// failure.</exception>
    public Task<T> AskAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, CancellationToken cancellation) =>
        AskAsync(ask, refusals: 1, cancellation);

    /// <summary>The same of what one node's word does not refuse: where there are others, another has to refuse it, too.</summary>
    /// <exception cref="LedgerClientException">As above. A refusal that no other node could be asked about says so.</exception>
    public Task<T> AskTwiceAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, CancellationToken cancellation) =>
        AskAsync(ask, Math.Min(2, nodes.Count), cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LedgerClient node in nodes)
            node.Dispose();
    }

    private Task<T> AskAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, int refusals, CancellationToken cancellation) =>
        new NodePatience(patience, time).AskAsync(token => AskEachAsync(ask, refusals, token), null, cancellation);

    /// <summary>One round. Where all fail, the failure is the one whose node wants to be left alone the longest.</summary>
    private async Task<T> AskEachAsync<T>(Func<LedgerClient, CancellationToken, Task<T>> ask, int refusals, CancellationToken cancellation)
    {
        LedgerClientException? failure = null, damage = null, refusal = null;
        foreach (int at in Order())
        {
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
            catch (LedgerClientException e) when (e.Status == StatusCode.DataLoss)
            {
                Volatile.Write(ref _isDoubtful[at], true);
                damage ??= e;
            }
            catch (LedgerClientException e)
            {
                refusal ??= e;
                if (--refusals <= 0)
                    throw refusal;
            }
        }
        throw failure is { Reason: LedgerClientException.PendingReason } ? failure // one has taken what another refuses
            : refusal?.With("That is one node's word: no other could be asked whether it is so.") ?? failure ?? damage!;
    }

    /// <summary>From the one that answered last on, those in doubt after the others.</summary>
    private int[] Order()
    {
        int first = Volatile.Read(ref _current);
        return [.. Enumerable.Range(0, nodes.Count).Select(i => (first + i) % nodes.Count).OrderBy(at => Volatile.Read(ref _isDoubtful[at]))];
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
