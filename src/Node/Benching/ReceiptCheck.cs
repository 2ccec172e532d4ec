using System.Collections.Concurrent;
using GovChain.Client;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Node.Devnet;
using GovChain.Node.Signatures;

namespace GovChain.Node.Benching;

/// <summary>Fetches the receipts of a sample and verifies each with nothing but the genesis digest.</summary>
/// <param name="Verified">Receipts that prove their transaction.</param>
/// <param name="Failures">Transaction id and reason of each that does not.</param>
internal sealed record ReceiptCheck(int Verified, IReadOnlyList<string> Failures)
{
    /// <summary>Up to this many records all receipts are fetched, beyond it a sample.</summary>
    private const int AllUpTo = 2_000;

    private const int SampleSize = 1_000;

    /// <summary>Fetches through the administration listeners, each receipt from a node in turn.</summary>
    /// <param name="network">The running network; its nodes hold the same height.</param>
    /// <param name="genesisDigest">Known before the load.</param>
    /// <param name="committed">Transactions that the load was told are committed.</param>
    /// <param name="seed">Chooses the sample.</param>
    /// <param name="engine">What verifies signatures.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static async Task<ReceiptCheck> RunAsync(
        DevnetNetwork network, Digest genesisDigest, SignedEnvelope[] committed, int seed, EngineChoice engine, CancellationToken cancellation)
    {
        SignedEnvelope[] sample = [.. committed];
        if (sample.Length > AllUpTo)
        {
            new Random(seed).Shuffle(sample);
            sample = sample[..SampleSize];
        }
        using NodeVerifier signatures = NodeVerifier.Open(engine, GuardedVerifier.NodeShare);
        var verifier = new OnceVerifier(signatures.Verifier);
        var failures = new ConcurrentQueue<string>();
        List<LedgerClient> nodes = [.. Enumerable.Range(0, network.Departments.Count).Select(network.ConnectAdministration)];
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, sample.Length),
                new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = 2 * Environment.ProcessorCount },
                async (i, stop) =>
                {
                    if (await CheckAsync(nodes[i % nodes.Count], genesisDigest, sample[i], verifier, stop) is { } problem)
                        failures.Enqueue($"{sample[i].Id}: {problem}");
                });
        }
        finally
        {
            nodes.ForEach(n => n.Dispose());
        }
        return new ReceiptCheck(sample.Length - failures.Count, [.. failures]);
    }

    private static async Task<string?> CheckAsync(
        LedgerClient node, Digest genesisDigest, SignedEnvelope envelope, ISignatureVerifier verifier, CancellationToken cancellation)
    {
        byte[] receipt = await node.GetReceiptAsync(envelope.Id.ToString(), cancellation);
        ProvenTransaction? proven = ReceiptVerifier.Verify(receipt, genesisDigest, verifier, out ReceiptFailure? failure);
        if (proven is null)
            return failure!.Message;
        return proven.Transaction.Id == envelope.Id ? null : $"the receipt is of {proven.Transaction.Id}";
    }
}
