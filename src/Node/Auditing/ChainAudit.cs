using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Signatures;

namespace GovChain.Node.Auditing;

/// <summary>
/// Runs the auditor over a chain: reads blocks, prepares them on every core, replays them in order.
/// </summary>
internal static class ChainAudit
{
    /// <summary>Blocks read ahead: enough to keep the cores busy, little enough to hold in memory (4 MiB each at most).
    /// </summary>
    private static readonly int WindowBlocks = 2 * Environment.ProcessorCount;

    /// <summary>Audits the blocks from genesis to <paramref name="tipHeight"/>.</summary>
    /// <param name="source">What is audited, for the report.</param>
    /// <param name="genesis">The ledger's beginning, from a source the auditor trusts.</param>
    /// <param name="tipHeight">The newest block.</param>
    /// <param name="read">Reads one block; called for ascending heights, one call at a time.</param>
    /// <param name="proven">Given every block once it is proven, in order; null: nobody wants them.</param>
    /// <param name="progress">Told the height that was proven.</param>
    /// <param name="cancellation">Ends the audit.</param>
    /// <param name="paranoid">Every signature is verified by the platform, too, and not a sampled share.</param>
    /// <param name="engine">What verifies signatures; null: nobody chose.</param>
    /// <exception cref="FatalNodeException">The engine and the platform disagree on a signature.</exception>
    public static async Task<AuditReport> RunAsync(
        string source, Genesis genesis, ulong tipHeight, Func<ulong, CancellationToken, Task<RawBlock>> read,
        Func<RawBlock, CancellationToken, Task>? proven, Action<ulong>? progress, CancellationToken cancellation, bool paranoid = false,
        EngineChoice? engine = null)
    {
        using NodeVerifier signatures = NodeVerifier.Open(engine ?? EngineChoice.Fixed, paranoid ? 1 : GuardedVerifier.NodeShare);
        signatures.Enrol(genesis.Validators);
        return await RunAsync(source, genesis, tipHeight, read, proven, progress, signatures.Verifier, cancellation);
    }

    /// <summary>The same with a verifier of the caller's, which nobody uses any more once this has ended.</summary>
    internal static async Task<AuditReport> RunAsync(
        string source, Genesis genesis, ulong tipHeight, Func<ulong, CancellationToken, Task<RawBlock>> read,
        Func<RawBlock, CancellationToken, Task>? proven, Action<ulong>? progress, ISignatureVerifier verifier, CancellationToken cancellation)
    {
        var auditor = new ChainAuditor(genesis);
        var prepared = new Queue<(RawBlock Raw, Task<PreparedBlock> Prepared)>();
        AuditProblem? unreadable = null;
        ulong next = 0;
        try
        {
            while (auditor.Problem is null && auditor.End is null && ((next <= tipHeight && unreadable is null) || prepared.Count > 0))
            {
                while (next <= tipHeight && unreadable is null && prepared.Count < WindowBlocks)
                {
                    ulong height = next++;
                    try
                    {
                        RawBlock raw = await read(height, cancellation);
                        prepared.Enqueue((raw, Task.Run(() => PreparedBlock.Prepare(height, raw, genesis, verifier), cancellation)));
                    }
                    catch (UnreadableBlockException e)
                    {
                        unreadable = e.Problem;
                    }
                }
                if (!prepared.TryDequeue(out (RawBlock Raw, Task<PreparedBlock> Prepared) block) || !auditor.Add(await block.Prepared))
                    continue;
                if (proven is not null)
                    await proven(block.Raw, cancellation);
                progress?.Invoke(auditor.NextHeight - 1);
            }
        }
        finally
        {
            // What stands behind a problem is not proven, but where the verifiers disagree on it no verdict counts: that comes first.
            await Task.WhenAll(prepared.Select(static p => p.Prepared));
        }
        InMemoryLedger ledger = auditor.Ledger;
        return new AuditReport(
            source, genesis.ChainId, ledger.Tip.Height, ledger.Tip.LogSizeAfter - 1, ledger.Tip.LogRoot, ledger.Tip.StateRoot,
            auditor.Problem ?? (auditor.End is null ? unreadable : null))
        {
            Incomplete = auditor.End is { } end ? $"{source}: whole to block {ledger.Tip.Height}. {end.Message}" : null,
        };
    }
}

/// <summary>A block cannot be read where it is stored: the chain is proven up to it.</summary>
internal sealed class UnreadableBlockException(AuditProblem problem) : Exception(problem.Found)
{
    /// <summary>What is wrong.</summary>
    public AuditProblem Problem { get; } = problem;
}
