using System.Reflection;
using System.Text;
using GovChain.Node;
using GovChain.Tests.Unit.Specification;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Operation;

/// <summary>Goal: event ids are unique, stay in their assembly's block, and stand in the document.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LogMessagesTests
{
    private static readonly (Assembly Assembly, int From, int To)[] Blocks =
    [
        (typeof(GovChain.Rpc.RpcHosting).Assembly, 4000, 4099),
        (typeof(NodeRuntime).Assembly, 5000, 5999),
    ];

    [Test]
    public void EventIds_AreUniqueAndWithinTheirAssemblysBlock()
    {
        foreach ((Assembly assembly, int from, int to) in Blocks)
        {
            foreach ((MethodInfo method, LoggerMessageAttribute message) in MessagesOf(assembly))
                Assert.That(message.EventId, Is.InRange(from, to), $"{method.Name} of {assembly.GetName().Name}");
        }
        int[] ids = [.. All().Select(m => m.Message.EventId)];
        Assert.That(ids, Is.Unique);
        Assert.That(ids, Does.Not.Contain(5011), "a number that was given up is not given again");
    }

    [Test]
    public void NoOtherAssembly_LogsByItself()
    {
        foreach (Type type in new[] { typeof(GovChain.Core.Model.Transaction), typeof(GovChain.Consensus.ConsensusCore), typeof(GovChain.Storage.LedgerStore), typeof(GovChain.Client.LedgerClient) })
            Assert.That(MessagesOf(type.Assembly), Is.Empty, $"{type.Assembly.GetName().Name} has no block of event ids");
    }

    [Test]
    public void Document_HasEveryEvent()
    {
        var table = new StringBuilder("| event | level | name | message |\n|--|--|--|--|\n");
        foreach ((MethodInfo method, LoggerMessageAttribute message) in All().OrderBy(m => m.Message.EventId))
            table.Append($"| {message.EventId} | {LevelOf(message)} | {method.Name} | {message.Message} |\n");
        Repository.HoldPart("docs/OBSERVABILITY.md", "generated from LogMessages", table.ToString());
    }

    /// <summary>What is not on the attribute is given by the caller.</summary>
    private static string LevelOf(LoggerMessageAttribute message) =>
        message.Level == LogLevel.None ? "Warning or Error" : message.Level.ToString();

    private static IEnumerable<(MethodInfo Method, LoggerMessageAttribute Message)> All() => Blocks.SelectMany(b => MessagesOf(b.Assembly));

    private static IEnumerable<(MethodInfo, LoggerMessageAttribute)> MessagesOf(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select (method, message);
}
