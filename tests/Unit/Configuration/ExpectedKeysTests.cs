using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Devnet;
using GovChain.Node.Hosting;
using GovChain.Node.Ledger;
using GovChain.Node.Peers;
using GovChain.Storage;
using GovChain.Tests.Unit.Node;
using GovChain.Tests.Unit.Node.Snapshots;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Configuration;

/// <summary>
/// Goal: what an operator says of other nodes' keys (<c>peers.observers</c>) holds as long as the ledger has not come that far
/// and no longer, and what cannot be so is refused with what to do. Method: a development network's files, and a ledger whose
/// validators have changed three times: the guest dept-4 came and went, dept-3 has another key.
/// </summary>
[TestFixture]
internal sealed class ExpectedKeysTests
{
    private readonly DevnetLayout _layout = new(Directory.CreateTempSubdirectory("govchain-keys-").FullName);
    private readonly PlatformSigner _other = PlatformSigner.Create();
    private NodeConfiguration _files = null!;
    private string _first = "", _second = "";
    private SnapshotBed _bed = null!;

    [OneTimeSetUp]
    public void Make()
    {
        IReadOnlyList<DevnetDepartment> departments = new DevnetBuilder(_layout).Prepare(2);
        (_first, _second) = (departments[0].Id, departments[1].Id);
        _files = ConfigurationReader.Read(_layout.At(_first, "node.json"));
        _bed = new SnapshotBed(blocks: 32, records: 1, changes: true);
        _bed.CopyTo(_bed.PathOf("copy"));
    }

    [OneTimeTearDown]
    public void Remove()
    {
        _bed.Dispose();
        _other.Dispose();
        Directory.Delete(_layout.Directory, recursive: true);
    }

    [Test]
    public void CheckConfig_RightFiles_HasNothingToSay_AlsoOfAKeyOfToday()
    {
        Assert.That(NodeInputs.ProblemsOf(_files), Is.Empty);
        Assert.That(NodeInputs.ProblemsOf(Stating(_second, _other.PublicKey)), Is.Empty);
    }

    [Test]
    public void CheckConfig_DepartmentOutsideTheGenesis_IsSaidOnce_WithWhatToDo()
    {
        ConfigurationProblem found = NodeInputs.ProblemsOf(_files with { Department = "stranger" }).First();
        Assert.That(found.Path, Is.EqualTo("department"));
        Assert.That(found.Problem, Does.StartWith("stranger is not in the genesis").And.Contain("\"role\": \"Observer\""));
    }

    [Test]
    public void CheckConfig_FilesWhereFoldersBelong_AreAllListed_AndNoStartTakesThemForAFullDisk()
    {
        string file = _layout.At("in-the-way");
        File.WriteAllText(file, "");
        NodeConfiguration wrong = _files with { DataDirectory = Path.Combine(file, "data"), AuthorityDirectory = file };
        Assert.That(NodeInputs.ProblemsOf(wrong).Select(static p => p.Path), Is.EqualTo(new[] { "dataDirectory", "clients.authorityDirectory" }));
        CommandException refused = Assert.Throws<CommandException>(() => NodeInputs.RequireFolders(wrong))!;
        Assert.That(refused.Failure, Is.EqualTo(StartFailure.ConfigurationInvalid));
        Assert.That(refused.Message, Does.StartWith("dataDirectory: ").And.Contain($"{file} is a file and no folder"));
        Assert.DoesNotThrow(() => NodeInputs.RequireFolders(_files));
    }

    [Test]
    public void CheckConfig_KeyOutsideTheGenesis_SaysWhatToDo()
    {
        string file = _layout.At("other.pem");
        KeyOptions.Create(file, _files.PassphraseFile!).Dispose();
        NodeConfiguration other = _files with { Key = file };
        ConfigurationProblem found = NodeInputs.ProblemsOf(other).Single();
        Assert.That(found.Path, Is.EqualTo("keyFile"));
        Assert.That(found.Problem, Does.Contain("the genesis names").And.Contain("\"role\": \"Observer\""));
        Assert.That(NodeInputs.ProblemsOf(other with { Role = NodeRole.Observer }), Is.Empty);

        Genesis genesis = NodeInputs.ReadGenesis(_files).Genesis;
        CommandException refused = Assert.Throws<CommandException>(
            () => NodeInputs.CheckMember(other, LedgerMembers.Of(genesis), _other.PublicKey))!;
        Assert.That(refused.Message, Does.Contain("the genesis names").And.Not.Contain("the ledger names"));
    }

    [Test]
    public void Start_KeyThatALaterLedgerDoesNotName_SaysOfWhichEpoch() => WithLedger(members =>
    {
        NodeConfiguration node = _files with { Department = TestLedger.DepartmentId(3) };
        Assert.That(Assert.Throws<CommandException>(() => NodeInputs.CheckMember(node, members, _other.PublicKey))!.Message,
            Does.Contain("the ledger here, in epoch 3, names"));
        Assert.That(() => NodeInputs.CheckMember(node, members, _bed.Ledger.ValidatorOf(3).PublicKey), Throws.Nothing);
    });

    [Test]
    public void Observer_WithTheKeyOfAnotherDepartment_IsAConfigurationError()
    {
        Genesis genesis = NodeInputs.ReadGenesis(_files).Genesis;
        PublicKey own = genesis.Validators[genesis.Validators.IndexOf(_first)].Key, theirs = genesis.Validators[genesis.Validators.IndexOf(_second)].Key;
        foreach ((string department, PublicKey key, string holder) in new[] { (_second, own, _first), ("guest", theirs, _second) })
        {
            NodeConfiguration wrong = Stating(department, key);
            ConfigurationProblem found = NodeInputs.ProblemsOf(wrong).Single();
            Assert.That(found.Path, Is.EqualTo($"peers.observers.{department}"));
            Assert.That(found.Problem, Does.Contain($"is {holder}'s"));
            CommandException refused = Assert.Throws<CommandException>(() => NodeInputs.CheckMember(wrong, LedgerMembers.Of(genesis), own))!;
            Assert.That(refused.Message, Does.StartWith(found.Path));
        }
    }

    [Test]
    public void Peers_KeyThatTheLedgerDoesNotKnow_IsAwaitedBesideTheLedgers() => WithLedger(members =>
    {
        PeerEndpoint peer = PeerOf(members, 0, _other.PublicKey);
        Assert.That(peer.Key, Is.EqualTo(_bed.Ledger.ValidatorOf(0).PublicKey));
        Assert.That(peer.Awaited!.Key, Is.EqualTo(_other.PublicKey));
        Assert.That(peer.Endpoint, Is.Not.EqualTo(peer.Awaited.Endpoint));
    });

    [Test]
    public void Peers_KeyThatTheLedgerHasOvertaken_IsNotUsed() => WithLedger(members =>
    {
        PublicKey old = _bed.Ledger.Genesis.Validators[3].Key, now = _bed.Ledger.ValidatorOf(3).PublicKey;
        Assert.That(old, Is.Not.EqualTo(now));
        foreach (PublicKey stated in new[] { old, now })
        {
            PeerEndpoint peer = PeerOf(members, 3, stated);
            Assert.That((peer.Key, peer.Awaited), Is.EqualTo((now, (ObserverAddress?)null)));
        }
        string department = TestLedger.DepartmentId(3);
        Assert.That(members.ProblemOf(department, new ObserverAddress(old, "host:1")), Does.Contain("has replaced"));
        Assert.That(members.ProblemOf(department, new ObserverAddress(now, "host:1")), Is.Null);
    });

    [Test]
    public void Peers_RemovedDepartment_IsAFormerOneUnlessItIsNamed() => WithLedger(members =>
    {
        PublicKey guest = members.History.All().Single(v => v.Department == TestLedger.DepartmentId(4)).Key;
        Assert.That(members.PeersOf(_files with { Department = TestLedger.DepartmentId(0) }).Where(static p => p.IsFormer)
            .Select(static p => p.Department), Is.EqualTo(new[] { TestLedger.DepartmentId(4) }));
        Assert.That(PeerOf(members, 4, guest).IsFormer, Is.False);
        Assert.That(PeerOf(members, 4, guest).Endpoint, Is.EqualTo("host:1"));
    });

    /// <summary>As the configuration of dept-2 has it.</summary>
    private PeerEndpoint PeerOf(LedgerMembers members, int department, PublicKey stated) =>
        members.PeersOf(Stating(TestLedger.DepartmentId(department), stated) with { Department = TestLedger.DepartmentId(2) })
            .Single(p => p.Department == TestLedger.DepartmentId(department));

    private NodeConfiguration Stating(string department, PublicKey key) => _files with
    {
        PeerEndpoints = new Dictionary<string, string>(),
        Observers = new Dictionary<string, ObserverAddress> { [department] = new(key, "host:1") },
    };

    private void WithLedger(Action<LedgerMembers> look)
    {
        using DataDirectory directory = DataDirectory.Open(_bed.PathOf("copy"), _bed.Ledger.Genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        look(LedgerMembers.Of(_bed.Ledger.Genesis, store));
    }
}
