using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Pool;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Goal: a verdict for each signature, in order, whatever becomes of the helpers. Method: more than one chunk, one wrong signature.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BatchVerifierTests
{
    private const int Wrong = BatchVerifier.ChunkSize + 3;

    private readonly TestLedger _ledger = new(4);

    [TestCase(1, false)]
    [TestCase(3, false)]
    [TestCase(3, true)]
    public void Verify_MoreThanAChunk_FindsTheWrongOne(int threads, bool disposedBefore)
    {
        using var platform = new PlatformSignatureVerifier();
        using var verifier = new BatchVerifier(platform, threads);
        ReadOnlyMemory<byte>[] envelopes =
            [.. Enumerable.Range(0, 3 * BatchVerifier.ChunkSize).Select(i => (ReadOnlyMemory<byte>)_ledger.Change($"B-{i}", 0))];
        Transaction[] transactions =
            [.. TransactionDecoder.DecodeAll(envelopes, _ledger.Genesis.ChainId).Select(static d => d.Transaction!)];
        transactions[Wrong] = TransactionDecoder.DecodeAll([Forged(envelopes[Wrong])], _ledger.Genesis.ChainId)[0].Transaction!;
        if (disposedBefore)
            verifier.Dispose();

        VerifiedTransaction?[] verified = verifier.Verify(transactions);

        Assert.That(verified.Select(static (v, i) => v is null ? i : -1).Where(static i => i >= 0), Is.EqualTo(new[] { Wrong }));
        Assert.That(verified.Where(static v => v is not null).Select(static v => v!.Transaction.Id),
            Is.EqualTo(transactions.Where(static (_, i) => i != Wrong).Select(static t => t.Id)));
    }

    // The signature stands last; its last byte is that of s.
    private static byte[] Forged(ReadOnlyMemory<byte> envelope)
    {
        byte[] bytes = envelope.ToArray();
        bytes[^1] ^= 1;
        return bytes;
    }
}
