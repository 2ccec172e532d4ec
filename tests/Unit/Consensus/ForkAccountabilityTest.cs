using CsCheck;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Consensus;

/// <summary>
/// docs/PROTOCOL.md, "Evidence": a fork takes at least f+1 guilty validators, and they are named; nobody else is. Method:
/// forks drawn at random, in one view or across views, with as few guilty as quorums allow, each honest validator keeping the
/// rules.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ForkAccountabilityTest
{
    [Test]
    public void Blame_AnyFork_NamesMoreThanFAndNobodyHonest()
    {
        Gen.Select(Gen.Int[4, 13], Gen.UInt[0, 3], Gen.UInt[0, 3], Gen.UInt[0, 3], Gen.Int[0, 2], Gen.Int[0, 1_000_000]).Sample(
            (n, view, gap, again, lie, seed) =>
            {
                var fork = new Fork(n, view, gap, again, lie, seed);
                IReadOnlyList<Evidence> evidence = fork.Blame();
                HashSet<PublicKey> named = [.. evidence.Select(static e => e.Signer)];
                return named.Count > Quorum.Faulty(n) && named.IsSubsetOf(fork.Guilty);
            },
            iter: 60, threads: 1);
    }

    [Test]
    public void Blame_WithoutTheJustificationThatLetItHappen_NamesFewerAndNobodyHonest()
    {
        var fork = new Fork(7, 0, 2, 2, 0, 1);
        IReadOnlyList<Evidence> evidence = fork.Blame(withFirst: false);
        Assert.That(evidence.Select(static e => e.Signer), Is.SubsetOf(fork.Guilty));
        Assert.That(fork.Blame(), Has.Count.GreaterThan(Quorum.Faulty(7)));
    }

    [Test]
    public void Blame_OfOneBlockOrOfCertificatesThatDoNotHold_NamesNobody()
    {
        var f = new Fixture(4);
        ProposedBlock one = f.Block(), other = f.Block(salt: 9);
        Certificate a = f.Certificate(VoteType.Commit, one), b = f.Certificate(VoteType.Commit, other);
        IReadOnlyList<Evidence> Blame(Certificate x, Certificate y) =>
            ForkAccountability.Blame(x, y, [], Fixture.ChainId, f.Keys.Set, f.Keys);
        Assert.That(Blame(a, b), Has.Count.EqualTo(3), "one view: whoever signed both");
        Assert.That(Blame(a, a), Is.Empty);
        Assert.That(Blame(a, f.Certificate(VoteType.Commit, one, view: 1)), Is.Empty, "certificates of one block may differ");
        Assert.That(Blame(a, f.Certificate(VoteType.Prepare, other)), Is.Empty);
        Assert.That(Blame(a, f.Certificate(VoteType.Commit, other, signers: 2)), Is.Empty);
        Assert.That(Blame(a, b with { Signatures = [.. b.Signatures.Skip(1), b.Signatures[0]] }), Is.Empty);
    }

    /// <summary>
    /// Block A is decided in <c>view</c> by one half of the honest and the guilty; the other half, with the guilty denying
    /// what they committed, lets block B be proposed <c>gap</c> views later and decides it, <c>again</c> views later after B was
    /// prepared and proposed again. gap 0: both in one view.
    /// </summary>
    private sealed class Fork
    {
        private readonly Fixture _fixture;
        private readonly Certificate _first;
        private readonly Certificate _second;
        private readonly List<KeptJustification> _kept = [];

        public Fork(int n, uint view, uint gap, uint again, int lie, int seed)
        {
            _fixture = new Fixture(n);
            int quorum = Quorum.Size(n);
            int[] order = [.. Enumerable.Range(0, n)];
            new Random(seed).Shuffle(order);
            int[] guilty = order[..(2 * quorum - n)];
            int half = quorum - guilty.Length;
            int[] one = [.. guilty, .. order[guilty.Length..(guilty.Length + half)]];
            int[] two = [.. guilty, .. order[(guilty.Length + half)..]];
            Guilty = [.. guilty.Select(g => _fixture.Keys.Set[g].Key)];
            ProposedBlock a = _fixture.Block(), b = _fixture.Block(salt: 9);
            _first = Certify(VoteType.Commit, a, view, one);
            uint last = view + gap;
            if (gap > 0)
            {
                // A lie each: nothing prepared; an older block; another block of the very view.
                Certificate? pretended = lie == 0 || (lie == 1 && view == 0) ? null
                    : Certify(VoteType.Prepare, b, lie == 1 ? view - 1 : view, two);
                Keep(last, b, two, pretended);
                if (again > 0)
                {
                    Certificate prepared = Certify(VoteType.Prepare, b, last, two);
                    last += again;
                    Keep(last, b, two, prepared);
                }
            }
            _second = Certify(VoteType.Commit, b, last, two);
        }

        public HashSet<PublicKey> Guilty { get; }

        public IReadOnlyList<Evidence> Blame(bool withFirst = true) => ForkAccountability.Blame(
            _first, _second, _kept.Skip(withFirst ? 0 : 1), Fixture.ChainId, _fixture.Keys.Set, _fixture.Keys);

        private void Keep(uint view, ProposedBlock block, int[] signers, Certificate? prepared)
        {
            ViewChangePayload[] payloads =
                [.. signers.Order().Select(i => _fixture.ViewChange(i, view, prepared).Payload)];
            _kept.Add(new KeptJustification(Fixture.ChainId, 0, 1, view, block.Hash, new Justification(payloads, prepared)));
        }

        private Certificate Certify(VoteType type, ProposedBlock block, uint view, int[] signers) => new(
            type, 0, 1, view, block.Hash, [.. signers.Order().Select(i => new ValidatorSignature(
                (ushort)i, _fixture.Vote(type, block.Hash, i, view).Signature))]);
    }
}
