using System.Security.Cryptography;
using GovChain.Client.Keys;
using GovChain.Client.Keys.Tokens;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Configuration;
using GovChain.Node.Ledger;
using GovChain.Node.Signatures;
using GovChain.Node.Tls;
using GovChain.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GovChain.Node.Hosting;

/// <summary>
/// The files that a configuration names, opened and held against each other: genesis, key, certificate. What
/// <c>node run</c> starts with is what <c>node check-config</c> checks.
/// </summary>
internal static class NodeInputs
{
    /// <summary>The genesis, signed by every department, of the ledger that is expected.</summary>
    /// <exception cref="CommandException">It is not.</exception>
    public static GenesisFile ReadGenesis(NodeConfiguration configuration)
    {
        GenesisFile file;
        try
        {
            file = GenesisCommand.Read(configuration.GenesisFile);
        }
        catch (CommandException e)
        {
            throw new CommandException(StartFailure.GenesisUnusable, e.Message);
        }
        if (configuration.ExpectedGenesisDigest is { } expected && expected != file.Genesis.ChainId)
        {
            throw new CommandException(StartFailure.GenesisOfAnotherLedger,
                $"{configuration.GenesisFile} is of the ledger {file.Genesis.ChainId}; the configuration expects {expected}. "
                + "Take the right file, or correct expectedGenesisDigest.");
        }
        using NodeVerifier signatures = NodeVerifier.ForFile(EngineChoice.OfNode(configuration.SignatureEngine));
        return file.Verify(signatures.Verifier) is { } failure
            ? throw new CommandException(StartFailure.GenesisNotSigned,
                $"{configuration.GenesisFile} is refused: {failure.Message} Every department signs it with: govchain genesis sign")
            : file;
    }

    /// <summary>The department's place among the validators.</summary>
    /// <exception cref="CommandException">The genesis does not name it.</exception>
    public static int FindDepartment(NodeConfiguration configuration, Genesis genesis)
    {
        int index = genesis.Validators.IndexOf(configuration.Department);
        return index >= 0 ? index : throw NotNamed(configuration, "in the genesis", genesis.Validators.Members);
    }

    private static CommandException NotNamed(NodeConfiguration configuration, string where, IEnumerable<Validator> named) => new(
        StartFailure.DepartmentNotInGenesis,
        $"{configuration.Department} is not {where}; {string.Join(", ", named.Select(v => v.Department))} are. Correct the id; or, "
        + "where the department was admitted later or is still to be, add \"role\": \"Observer\": the node votes all the same "
        + "once its ledger names it.");

    /// <summary>The department's validator key, opened.</summary>
    /// <exception cref="CommandException">It is another key.</exception>
    /// <exception cref="KeyFileException">It cannot be opened.</exception>
    /// <exception cref="TokenException">Its token, or the key in it, cannot be used.</exception>
    public static ISigner OpenSigner(NodeConfiguration configuration, Genesis genesis)
    {
        ISigner signer = KeyOptions.Open(configuration.Key, configuration.PassphraseFile);
        try
        {
            CheckKey(configuration, genesis, signer.PublicKey);
            return signer;
        }
        catch
        {
            signer.Dispose();
            throw;
        }
    }

    /// <summary>What the genesis says is enough to find most mistakes; of a ledger that has begun, it is not the last word.</summary>
    private static void CheckKey(NodeConfiguration configuration, Genesis genesis, PublicKey key)
    {
        if (MayDifferFromGenesis(configuration))
            return;
        PublicKey expected = genesis.Validators[FindDepartment(configuration, genesis)].Key;
        if (expected != key)
            throw KeyOfAnother(configuration, key, $"the genesis names {expected} for {configuration.Department}");
    }

    /// <summary>That the node's key is, or once was, its department's validator key on the ledger, or that it is started as an
    /// observer.</summary>
    /// <exception cref="CommandException">It is not.</exception>
    public static void CheckMember(NodeConfiguration configuration, LedgerMembers members, PublicKey key)
    {
        if (ObserverProblems(configuration, members.History, key).FirstOrDefault() is { Problem: { } problem } found)
            throw new CommandException(StartFailure.ConfigurationInvalid, $"{found.Path}: {problem}");
        if (configuration.Role == NodeRole.Observer || members.HasHad(configuration.Department, key))
            return;
        // A ledger in its first epoch knows no more than the genesis, which may have been overtaken elsewhere.
        string ledger = members.History.Epoch == 0 ? "the genesis" : $"the ledger here, in epoch {members.History.Epoch},";
        Validator? department = members.History.All().FirstOrDefault(v => v.Department == configuration.Department);
        throw department is null
            ? NotNamed(configuration, members.History.Epoch == 0 ? "in the genesis" : "on the ledger", members.History.All())
            : KeyOfAnother(configuration, key, $"{ledger} names {department.Key} for {configuration.Department}");
    }

    private static CommandException KeyOfAnother(NodeConfiguration configuration, PublicKey key, string named) => new(
        StartFailure.KeyOfAnother,
        $"{configuration.Key} holds the key {key}; {named}. Is it another department's key, or an officer's? Name the right one "
        + $"as {KeySetting(configuration).Path}. Is it the key that has replaced that one since, or is to? Add \"role\": \"Observer\": the node votes all the "
        + "same once its ledger names the key.");

    /// <summary>What the operator says of other nodes' keys and cannot be so.</summary>
    private static IEnumerable<ConfigurationProblem> ObserverProblems(
        NodeConfiguration configuration, ValidatorHistory history, PublicKey? own)
    {
        foreach ((string department, ObserverAddress observer) in configuration.Observers)
        {
            string? holder = observer.Key == own ? configuration.Department : history.DepartmentOf(observer.Key);
            if (holder is not null && holder != department)
            {
                yield return new ConfigurationProblem($"{Settings.Observers.Path}.{department}",
                    $"the key {observer.Key} is {holder}'s{(observer.Key == own ? ", this node's own" : "")}, and a key serves one "
                    + $"department. State {department}'s key, or remove the entry.");
            }
        }
    }

    private static bool MayDifferFromGenesis(NodeConfiguration configuration) =>
        configuration.Role == NodeRole.Observer || File.Exists(Path.Combine(configuration.DataDirectory, "VERSION"));

    /// <summary>The client listener's certificate.</summary>
    /// <exception cref="CommandException">It cannot be used.</exception>
    public static ClientCertificate OpenCertificate(NodeConfiguration configuration, ILogger logger)
    {
        try
        {
            return configuration.CertificateFile is { } file
                ? ClientCertificate.FromFiles(file, configuration.CertificateKeyFile!, TimeProvider.System, logger)
                : ClientCertificate.FromAuthority(
                    configuration.AuthorityDirectory!, configuration.CertificateNames, TimeProvider.System, logger);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(StartFailure.CertificateUnusable, $"The client listener's certificate cannot be used: {e.Message}");
        }
    }

    /// <summary>That nothing stands in the way of the directories that the configuration names.</summary>
    /// <exception cref="CommandException">ConfigurationInvalid.</exception>
    public static void RequireFolders(NodeConfiguration configuration)
    {
        foreach ((Setting setting, string folder) in FoldersOf(configuration))
        {
            if (FolderCheck.Obstacle(folder) is { } obstacle)
                throw new CommandException(StartFailure.ConfigurationInvalid, $"{setting.Path}: {obstacle}");
        }
    }

    private static IEnumerable<(Setting Setting, string Folder)> FoldersOf(NodeConfiguration configuration)
    {
        yield return (Settings.DataDirectory, configuration.DataDirectory);
        if (configuration.AuthorityDirectory is { } authority)
            yield return (Settings.AuthorityDirectory, authority);
    }

    /// <summary>
    /// All that is wrong with the files, by setting. Writes nothing and asks nobody: a key whose passphrase is neither in a
    /// file nor in the environment is looked at, but not opened.
    /// </summary>
    public static IReadOnlyList<ConfigurationProblem> ProblemsOf(NodeConfiguration configuration)
    {
        var problems = new List<ConfigurationProblem>();
        Genesis? genesis = Try(Settings.GenesisFile, () => ReadGenesis(configuration))?.Genesis;
        if (genesis is not null)
        {
            if (!MayDifferFromGenesis(configuration))
                Try(Settings.Department, () => FindDepartment(configuration, genesis));
            foreach (string department in configuration.PeerEndpoints.Keys.Where(
                d => genesis.Validators.IndexOf(d) < 0 && !MayDifferFromGenesis(configuration)))
            {
                problems.Add(new ConfigurationProblem(
                    $"{Settings.PeerEndpoints.Path}.{department}", "the genesis names no such department."));
            }
        }
        PublicKey? own = Try(KeySetting(configuration), () => CheckKey(configuration, genesis));
        if (genesis is not null)
            problems.AddRange(ObserverProblems(configuration, new ValidatorHistory(genesis.Validators, null), own));
        if (configuration.CertificateFile is not null)
            Try(Settings.CertificateFile, () => OpenCertificate(configuration, NullLogger.Instance));
        foreach ((Setting setting, string folder) in FoldersOf(configuration))
        {
            // An authority that is there is only read; the data directory is written to from the start on.
            if (FolderCheck.Obstacle(folder) is { } obstacle)
                problems.Add(new ConfigurationProblem(setting.Path, obstacle));
            else if ((setting == Settings.DataDirectory || !Directory.Exists(folder)) && FolderCheck.Refusal(folder) is { } refusal)
                problems.Add(new ConfigurationProblem(setting.Path, refusal));
        }
        if (genesis is not null && File.Exists(Path.Combine(configuration.DataDirectory, "VERSION")))
            Try(Settings.DataDirectory, () => CheckDirectory(configuration.DataDirectory, genesis.ChainId));
        return problems;

        T? Try<T>(Setting setting, Func<T> check)
        {
            try
            {
                return check();
            }
            catch (Exception e) when (e is CommandException or KeyFileException or TokenException or StorageException)
            {
                problems.Add(new ConfigurationProblem(setting.Path, e.Message));
                return default;
            }
        }
    }

    private static Setting KeySetting(NodeConfiguration configuration) =>
        TokenUri.IsUri(configuration.Key) ? Settings.KeyUri : Settings.KeyFile;

    /// <summary>The key where it can be opened.</summary>
    private static PublicKey? CheckKey(NodeConfiguration configuration, Genesis? genesis)
    {
        if (KeyOptions.Asks(configuration.Key, configuration.PassphraseFile))
        {
            if (!TokenUri.IsUri(configuration.Key))
                KeyFile.Check(configuration.Key);
            return null;
        }
        bool isNamed = genesis is not null && genesis.Validators.IndexOf(configuration.Department) >= 0;
        using ISigner signer = isNamed
            ? OpenSigner(configuration, genesis!)
            : KeyOptions.Open(configuration.Key, configuration.PassphraseFile);
        return signer.PublicKey;
    }

    private static bool CheckDirectory(string path, Digest chainId)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(path);
        return directory.ChainId == chainId ? true : throw new CommandException(ExitCode.Storage,
            $"{path} belongs to the ledger {directory.ChainId}; the genesis is of {chainId}. Name this ledger's own directory, or an empty one.");
    }
}
