using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using NUnit.Framework;

namespace GovChain.Tests.Merkle;

/// <summary>
/// Goal: a state path convinces of the truth only. Method: all paths of small trees and all their mutations.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StateProofTests
{
    private readonly MemoryPages _pages = new();

    [Test]
    public void Prove_EveryPresentAndManyAbsentKeys_AllVerify()
    {
        List<Digest> keys = NaiveState.CloseKeys(new Random(11), 400);
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(keys.Take(200));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        var kinds = new HashSet<StatePathKind>();
        foreach ((Digest key, Digest value) in leaves)
        {
            StatePath path = StateTree.Prove(_pages, root, key);
            Assert.That(StateVerifier.VerifyPresence(root, key, value, path), Is.EqualTo(StateProofFailure.None));
            Assert.That(StateVerifier.VerifyPresence(root, key, key, path), Is.EqualTo(StateProofFailure.WrongRoot));
            kinds.Add(path.Kind);
        }
        foreach (Digest key in keys.Skip(200))
        {
            StatePath path = StateTree.Prove(_pages, root, key);
            Assert.That(StateVerifier.VerifyAbsence(root, key, path), Is.EqualTo(StateProofFailure.None));
            Assert.That(StateVerifier.VerifyPresence(root, key, key, path), Is.EqualTo(StateProofFailure.WrongKind));
            kinds.Add(path.Kind);
        }
        Assert.That(kinds, Is.EquivalentTo(Enum.GetValues<StatePathKind>()));
    }

    [Test]
    public void Prove_InTreesOfNoneAndOne_Verifies()
    {
        Digest key = NaiveState.Random(1), other = NaiveState.Random(2), value = NaiveState.Random(3);
        StatePath none = StateTree.Prove(_pages, StateTree.EmptyRoot, key);
        Assert.That(none.Kind, Is.EqualTo(StatePathKind.AbsenceEmpty));
        Assert.That(StateVerifier.VerifyAbsence(StateTree.EmptyRoot, key, none), Is.EqualTo(StateProofFailure.None));
        Digest root = _pages.Update(StateTree.EmptyRoot, [(key, value)]);
        Assert.That(StateVerifier.VerifyAbsence(root, key, none), Is.EqualTo(StateProofFailure.WrongRoot));
        Assert.That(StateVerifier.VerifyPresence(root, key, value, StateTree.Prove(_pages, root, key)),
            Is.EqualTo(StateProofFailure.None));
        StatePath absent = StateTree.Prove(_pages, root, other);
        Assert.That(absent.Kind, Is.EqualTo(StatePathKind.AbsenceOtherLeaf));
        Assert.That(StateVerifier.VerifyAbsence(root, other, absent), Is.EqualTo(StateProofFailure.None));
        Assert.That(StateVerifier.VerifyAbsence(root, key, absent), Is.EqualTo(StateProofFailure.OtherLeafIsKey));
    }

    [Test]
    public void Path_AnyChange_IsRefused()
    {
        List<Digest> keys = [.. Enumerable.Range(0, 12).Select(NaiveState.Random)];
        List<(Digest Key, Digest Value)> leaves = NaiveState.Leaves(keys.Take(6));
        Digest root = _pages.Update(StateTree.EmptyRoot, leaves);
        foreach (Digest key in keys)
        {
            StatePath path = StateTree.Prove(_pages, root, key);
            Digest value = leaves.Find(leaf => leaf.Key == key).Value;
            foreach (StatePath other in MutationsOf(path))
                Assert.That(Verify(root, key, value, other), Is.Not.EqualTo(StateProofFailure.None), $"{other}");
            foreach (Digest other in Mutations.OfDigest(root))
                Assert.That(Verify(other, key, value, path), Is.EqualTo(StateProofFailure.WrongRoot));
            foreach (Digest other in Mutations.OfDigest(value))
                if (path.Kind == StatePathKind.Presence)
                    Assert.That(Verify(root, key, other, path), Is.EqualTo(StateProofFailure.WrongRoot));
            foreach (Digest present in keys.Take(6))
                if (path.Kind != StatePathKind.Presence)
                    Assert.That(StateVerifier.VerifyAbsence(root, present, path),
                        Is.Not.EqualTo(StateProofFailure.None), "absence of what is there");
        }
    }

    [Test]
    public void Verify_ImpossiblePaths_AreNamed()
    {
        Digest root = NaiveState.Random(1), key = NaiveState.Random(2), d = NaiveState.Random(3);
        Digest[] tooLong = [.. Enumerable.Repeat(d, 257)];
        Assert.Multiple(() =>
        {
            Assert.That(Absence(new((StatePathKind)9, default)), Is.EqualTo(StateProofFailure.WrongKind));
            Assert.That(Presence(new((StatePathKind)9, default)), Is.EqualTo(StateProofFailure.WrongKind));
            Assert.That(Presence(new(StatePathKind.Presence, tooLong)), Is.EqualTo(StateProofFailure.PathTooLong));
            Assert.That(Presence(new(StatePathKind.Presence, tooLong.AsMemory(1))),
                Is.EqualTo(StateProofFailure.WrongRoot));
            Assert.That(Absence(new(StatePathKind.AbsenceEmpty, tooLong)), Is.EqualTo(StateProofFailure.PathTooLong));
            Assert.That(Absence(new(StatePathKind.AbsenceOtherLeaf, tooLong, d)),
                Is.EqualTo(StateProofFailure.OtherLeafOutOfPlace));
            Assert.That(Presence(new(StatePathKind.Presence, new[] { d, Digest.Zero })),
                Is.EqualTo(StateProofFailure.NotCompact));
            Assert.That(Presence(new(StatePathKind.Presence, default, d)),
                Is.EqualTo(StateProofFailure.OtherLeafUnexpected));
            Assert.That(Absence(new(StatePathKind.AbsenceEmpty, default, default, d)),
                Is.EqualTo(StateProofFailure.OtherLeafUnexpected));
        });

        StateProofFailure Presence(StatePath path) => StateVerifier.VerifyPresence(root, key, d, path);
        StateProofFailure Absence(StatePath path) => StateVerifier.VerifyAbsence(root, key, path);
    }

    private static StateProofFailure Verify(Digest root, Digest key, Digest value, StatePath path) =>
        path.Kind == StatePathKind.Presence
            ? StateVerifier.VerifyPresence(root, key, value, path)
            : StateVerifier.VerifyAbsence(root, key, path);

    private static IEnumerable<StatePath> MutationsOf(StatePath path)
    {
        foreach (Digest[] siblings in Mutations.OfPath(path.Siblings.ToArray()))
            yield return path with { Siblings = siblings };
        foreach (Digest other in Mutations.OfDigest(path.OtherLeafKey))
            yield return path with { OtherLeafKey = other };
        foreach (Digest other in Mutations.OfDigest(path.OtherLeafValueDigest))
            yield return path with { OtherLeafValueDigest = other };
        foreach (StatePathKind kind in Enum.GetValues<StatePathKind>())
            if (kind != path.Kind)
                yield return path with { Kind = kind };
    }
}
