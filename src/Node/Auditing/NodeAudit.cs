using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Auditing;

/// <summary>Audits a node from outside, over its administration listener, believing nothing it says.</summary>
internal static class NodeAudit
{
    /// <summary>Fetches every block and replays it.</summary>
    /// <param name="client">Connected to the administration listener.</param>
    /// <param name="expected">The genesis digest to audit against; null: the node's own.</param>
    /// <param name="progress">Told the proven height and the height to reach.</param>
    /// <param name="cancellation">Ends the audit.</param>
    public static async Task<AuditReport> RunAsync(
        LedgerClient client, Digest? expected, Action<ulong, ulong>? progress, CancellationToken cancellation)
    {
        Genesis genesis = await ReadGenesisAsync(client, expected, cancellation);
        ulong tip = (await client.GetStatusAsync(cancellation)).Height;
        return await ChainAudit.RunAsync(
            client.Node.ToString(), genesis, tip,
            async (height, stop) =>
            {
                GetBlockResponse block = await client.GetBlockAsync(height, stop);
                return new RawBlock(
                    block.Header.Header.Memory, block.Header.Certificate.Memory, [.. block.Envelopes.Select(e => e.Memory)]);
            },
            progress is null ? null : height => progress(height, tip), compare: null, cancellation);
    }

    private static async Task<Genesis> ReadGenesisAsync(LedgerClient client, Digest? expected, CancellationToken cancellation)
    {
        GetGenesisResponse response = await client.GetGenesisAsync(cancellation);
        Genesis genesis = Genesis.TryDecode(response.Body.Memory, out GenesisFailure? failure)
            ?? throw new CommandException(ExitCode.VerificationFailed, $"The node's genesis is invalid: {failure!.Message}");
        return expected is null || expected == genesis.ChainId ? genesis
            : throw new CommandException(ExitCode.VerificationFailed,
                $"The node is of another ledger: its genesis digest is {genesis.ChainId}, expected was {expected}.");
    }
}
