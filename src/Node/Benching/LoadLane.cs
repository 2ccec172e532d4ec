using System.Diagnostics;
using GovChain.Client;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Benching;

/// <summary>
/// Sends envelopes over one stream with a bounded number under way, and notes for each when it was sent and when its
/// outcome came. One task sends, one reads.
/// </summary>
/// <param name="client">The node.</param>
/// <param name="envelopes">What is sent.</param>
/// <param name="window">How many may be under way.</param>
/// <param name="perSecond">How many are sent a second, evenly; null: as fast as outcomes come.</param>
internal sealed class LoadLane(LedgerClient client, IReadOnlyList<SignedEnvelope> envelopes, int window, int? perSecond = null)
{
    private readonly long[] _sent = new long[envelopes.Count];
    private readonly double[] _latencies = new double[envelopes.Count];
    private readonly List<string> _refusals = [];
    private int _ended;

    /// <summary>Outcomes so far.</summary>
    public int Ended => Volatile.Read(ref _ended);

    /// <summary>Milliseconds from sending to the committed outcome, by envelope; complete once the lane has run.</summary>
    public IReadOnlyList<double> LatenciesMs => _latencies;

    /// <summary>Code and message of each envelope that was refused.</summary>
    public IReadOnlyList<string> Refusals => _refusals;

    /// <summary>Sends everything and waits for every outcome.</summary>
    /// <exception cref="LedgerClientException">The node refuses the stream or is gone.</exception>
    /// <exception cref="CommandException">The node ended the stream.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using SubmitStream stream = client.OpenSubmitStream(ending.Token);
        using var room = new SemaphoreSlim(window);
        Task reading = EndAsBothAsync(ReadAsync(stream, room, ending.Token), ending);
        Task sending = EndAsBothAsync(SendAsync(stream, room, ending.Token), ending);
        await Task.WhenAll(reading, sending);
    }

    /// <summary>Where one side fails the other must not wait for ever.</summary>
    private static async Task EndAsBothAsync(Task side, CancellationTokenSource ending)
    {
        try
        {
            await side;
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
    }

    private async Task SendAsync(SubmitStream stream, SemaphoreSlim room, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < envelopes.Count; i++)
        {
            if (perSecond is { } pace && TimeSpan.FromSeconds((double)i / pace) - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } early)
                await Task.Delay(early, cancellation);
            await room.WaitAsync(cancellation);
            _sent[i] = Stopwatch.GetTimestamp();
            await stream.SendAsync((ulong)i, envelopes[i].Bytes, cancellation);
        }
        await stream.CompleteAsync();
    }

    private async Task ReadAsync(SubmitStream stream, SemaphoreSlim room, CancellationToken cancellation)
    {
        while (_ended < envelopes.Count)
        {
            SubmitStreamResponse response = await stream.ReadAsync(cancellation)
                ?? throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} ended the stream.");
            _latencies[response.Tag] = Stopwatch.GetElapsedTime(_sent[response.Tag]).TotalMilliseconds;
            TransactionOutcome outcome = response.Outcome;
            if (outcome.Status != TransactionStatus.CommittedDurably)
                _refusals.Add($"{outcome.Rejection?.Code ?? outcome.Status.ToString()}: {outcome.Rejection?.Message}");
            Volatile.Write(ref _ended, _ended + 1);
            room.Release();
        }
    }
}
