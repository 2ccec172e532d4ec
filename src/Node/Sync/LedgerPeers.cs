using System.Runtime.InteropServices;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Node.Peers;
using GovChain.Protos.V1;

namespace GovChain.Node.Sync;

/// <summary>Asks peers what those who decide want to know.</summary>
internal sealed class LedgerPeers(LedgerSources sources, IPeerNetwork network, TimeProvider time)
{
    /// <summary>How long offers are waited for once so many have answered that one of them is honest: what that one holds it must hold
    /// still when it is asked for it.</summary>
    public static readonly TimeSpan LateOffers = TimeSpan.FromSeconds(1);

    /// <summary>Asks one question after the other until there are no more.</summary>
    public async Task AskAsync(IEnumerable<LedgerQuestion> questions, CancellationToken cancellation)
    {
        foreach (LedgerQuestion question in questions)
            await AskAsync(question, cancellation);
    }

    /// <summary>Asks a question, and puts in what comes in time.</summary>
    public async Task AskAsync(LedgerQuestion question, CancellationToken cancellation)
    {
        long begun = time.GetTimestamp();
        switch (question)
        {
            case OffersQuestion q:
                await AskForOffersAsync(q, cancellation);
                break;
            case PartQuestion q:
                q.Answer = await network.RequestSnapshotAsync(sources.DepartmentOf(q.Source), q.Request, cancellation);
                break;
            case BlocksQuestion q:
                BlockRangeResponse? range = await network.RequestBlocksAsync(
                    sources.DepartmentOf(q.Source), q.FirstHeight, q.Count, cancellation);
                q.Answer = range is null ? null : Read(range);
                break;
            case BodiesQuestion q:
                byte[] leaves = MemoryMarshal.AsBytes<Digest>(q.Leaves.ToArray()).ToArray();
                q.Answer = await network.RequestEnvelopesAsync(sources.DepartmentOf(q.Source), q.Height, leaves, cancellation);
                break;
            default:
                throw new InvalidOperationException($"Nobody can be asked {question}.");
        }
        question.TookUs = (long)time.GetElapsedTime(begun).TotalMicroseconds;
    }

    private async Task AskForOffersAsync(OffersQuestion question, CancellationToken cancellation)
    {
        using var tooLate = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        int missing = sources.Weak;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task all = Task.WhenAll(question.Sources.Select(AskOneAsync));
        if (await Task.WhenAny(all, enough.Task) != all
            && await Task.WhenAny(all, Task.Delay(LateOffers, time, tooLate.Token)) != all)
            await tooLate.CancelAsync();
        await all;
        await tooLate.CancelAsync(); // the delay
        cancellation.ThrowIfCancellationRequested();

        async Task AskOneAsync(int source, int place)
        {
            try
            {
                question.Answers[place] = await network.RequestSnapshotAsync(
                    sources.DepartmentOf(source), new SnapshotRequest(), tooLate.Token);
            }
            catch (OperationCanceledException) when (tooLate.IsCancellationRequested)
            {
                return;
            }
            if (question.Answers[place] is not null && sources.IsValidator(source) && Interlocked.Decrement(ref missing) == 0)
                enough.SetResult();
        }
    }

    /// <summary>Blocks as they came.</summary>
    public static BlockRange Read(BlockRangeResponse answer) =>
        new(answer.FirstHeight, [.. answer.Blocks.Select(Read)], answer.TipHeight, answer.WholeFrom);

    private static FetchedBlock Read(SyncedBlock block) => new(
        block.Header.Memory, block.Certificate.Memory, [.. block.Envelopes.Select(static e => e.Memory)]);
}
