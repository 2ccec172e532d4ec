using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Verification;
using GovChain.Node.Commands;
using GovChain.Node.Signatures;
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
    public static Task<AuditReport> RunAsync(
        LedgerClient client, Digest? expected, Action<ulong, ulong>? progress, CancellationToken cancellation) =>
        RunAsync(client, expected, export: null, progress, cancellation);

    /// <summary>As above, and gives the whole ledger to <paramref name="export"/>, completed if nothing deviates.</summary>
    public static async Task<AuditReport> RunAsync(
        LedgerClient client, Digest? expected, LedgerExport? export, Action<ulong, ulong>? progress,
        CancellationToken cancellation, bool paranoid = false, EngineChoice? engine = null)
    {
        GenesisFile founded = await ReadGenesisAsync(client, expected, cancellation);
        ulong tip = (await client.GetStatusAsync(cancellation)).Height;
        if (export is not null)
            await export.BeginAsync(founded, cancellation);
        AuditReport report = await ChainAudit.RunAsync(
            client.Node.ToString(), founded.Genesis, tip,
            async (height, stop) =>
            {
                GetBlockResponse block = await client.GetBlockAsync(height, stop);
                return new RawBlock(
                    block.Header.Header.Memory, block.Header.Certificate.Memory, [.. block.Envelopes.Select(e => e.Memory)]);
            },
            export is null ? null : export.AddAsync,
            progress is null ? null : height => progress(height, tip), cancellation, paranoid, engine);
        if (export is not null && report.Ok)
            await export.CompleteAsync(cancellation);
        return report;
    }

    private static async Task<GenesisFile> ReadGenesisAsync(
        LedgerClient client, Digest? expected, CancellationToken cancellation)
    {
        GetGenesisResponse response = await client.GetGenesisAsync(cancellation);
        Genesis genesis = Genesis.TryDecode(response.Body.Memory, out GenesisFailure? failure)
            ?? throw new CommandException(ExitCode.VerificationFailed, $"The node's genesis is invalid: {failure!.Message}");
        if (expected is not null && expected != genesis.ChainId)
        {
            throw new CommandException(ExitCode.VerificationFailed,
                $"The node is of another ledger: its genesis digest is {genesis.ChainId}, expected was {expected}.");
        }
        var signatures = new List<FoundingSignature>();
        foreach (GenesisSignature given in response.Signatures)
        {
            if (!Signature.TryParse(given.Signature.Span, out Signature signature) || signatures.Any(s => s.Department == given.Department))
                throw new CommandException(ExitCode.VerificationFailed, $"The node's genesis has no proper signature of {given.Department}.");
            signatures.Add(new FoundingSignature(given.Department, signature));
        }
        return new GenesisFile(genesis, signatures);
    }
}
