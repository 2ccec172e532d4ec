using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>
/// Sends envelopes over one stream as fast as the node answers, from the beginning again when they are through, and counts how
/// each ended. One task sends, one reads.
/// </summary>
internal sealed class FloodLane(LedgerClient client, IReadOnlyList<ReadOnlyMemory<byte>> envelopes)
{
    /// <summary>How many ended how: a rejection's code, or the status.</summary>
    public SortedDictionary<string, long> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>Sends until told to end, then lets go of what is under way.</summary>
    /// <exception cref="LedgerClientException">The node refuses the stream or is gone.</exception>
    /// <exception cref="CommandException">The node ended the stream.</exception>
    public async Task RunAsync(CancellationToken until)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(until);
        using SubmitStream stream = client.OpenSubmitStream(ending.Token);
        using var room = new SemaphoreSlim(LoadOptions.WindowMax);
        Task sending = SendAsync(stream, room, ending.Token);
        try
        {
            while (await stream.ReadAsync(ending.Token) is { } response)
            {
                string how = response.Outcome.Rejection?.Code ?? response.Outcome.Status.ToString();
                Outcomes[how] = Outcomes.GetValueOrDefault(how) + 1;
                room.Release();
            }
            throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} ended the stream.");
        }
        catch (Exception e) when (until.IsCancellationRequested && e is OperationCanceledException or LedgerClientException)
        {
            // told to end
        }
        finally
        {
            await ending.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task SendAsync(SubmitStream stream, SemaphoreSlim room, CancellationToken cancellation)
    {
        for (ulong i = 0; ; i++)
        {
            await room.WaitAsync(cancellation);
            await stream.SendAsync(i, envelopes[(int)(i % (ulong)envelopes.Count)], cancellation);
        }
    }
}
