using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Node;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Wire;

/// <summary>
/// Goal: a batch of any size gives each transaction the verdict over its own signatures, those it carries included. Method: a
/// verifier whose answer is a function of the check alone, so that each verdict is known.
/// </summary>
public sealed class VerifiedTransactionTest
{
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(256)]
    [TestCase(257)]
    [TestCase(900)]
    public void VerifyAll_NTransactions_JudgesEachByItsOwnChecks_InPiecesOfBoundedSize(int count)
    {
        // Every third carries a second signature, so that the pieces end at different places.
        Transaction[] transactions = [.. Enumerable.Range(0, count).Select(i =>
            (i % 3 == 0 ? PoolFixture.Suspend(byAnother: i % 2 == 0) : PoolFixture.Change($"L-{i}", 0)).Transaction)];
        var verifier = new ByDigest();

        VerifiedTransaction?[] verified = VerifiedTransaction.VerifyAll(transactions, verifier);

        Assert.That(verified.Select(static v => v?.Transaction), Is.EqualTo(
            transactions.Select(static t => t.SignatureChecks.All(static c => ByDigest.IsValid(c)) ? t : null)));
        Assert.That(verifier.Largest, Is.LessThanOrEqualTo(256));
        Assert.That(verifier.Total, Is.EqualTo(transactions.Sum(static t => t.SignatureChecks.Count)));
    }

    [Test]
    public void VerifyAll_VerifierThatAnswersNothing_TakesNoOldAnswersForItsOwn()
    {
        Transaction[] transactions = [.. Enumerable.Range(0, 100).Select(i => PoolFixture.Change($"L-{i}", 0).Transaction)];
        Assert.That(VerifiedTransaction.VerifyAll(transactions, new TrustingVerifier()), Is.All.Not.Null);

        // The arrays come from a pool, where those answers still stand.
        Assert.That(VerifiedTransaction.VerifyAll(transactions, new Silent()), Is.All.Null);
    }

    private sealed class ByDigest : ISignatureVerifier
    {
        public int Largest { get; private set; }

        public int Total { get; private set; }

        public static bool IsValid(SignatureCheck check) => check.Digest.Span[0] % 5 != 0;

        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
        {
            Largest = Math.Max(Largest, checks.Length);
            Total += checks.Length;
            for (int i = 0; i < checks.Length; i++)
                results[i] = IsValid(checks[i]);
        }
    }

    private sealed class Silent : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results)
        {
        }
    }
}
