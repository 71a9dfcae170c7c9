//! The library's storage, made cheap enough for a lab: see [`headers`] and [`Remembered`].
//!
//! What is not about either is handed on as it comes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use nisshi_sans_io::{
    ConfigResource, ErrorCode, IsolationLevel, ListOffset, ScramMechanism,
    create_topics_request::CreatableTopic,
    delete_groups_response::DeletableGroupResult,
    delete_records_request::DeleteRecordsTopic,
    delete_records_response::DeleteRecordsTopicResult,
    describe_cluster_response::DescribeClusterBroker,
    describe_configs_response::DescribeConfigsResult,
    describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic,
    fetch_response::AbortedTransaction,
    incremental_alter_configs_request::AlterConfigsResource,
    incremental_alter_configs_response::AlterConfigsResourceResponse,
    list_groups_response::ListedGroup,
    record::{deflated, inflated},
    txn_offset_commit_response::TxnOffsetCommitResponseTopic,
};
use nisshi_storage::{
    ArcDynStorage, BrokerRegistrationRequest, GroupDetail, ListOffsetResponse, MetadataResponse,
    NamedGroupDetail, OffsetCommitRequest, OffsetStage, ProducerIdResponse, Result,
    ScramCredential, Storage, TopicId, Topition, TxnAddPartitionsRequest, TxnAddPartitionsResponse,
    TxnOffsetCommitRequest, UpdateError, Version,
};
use url::Url;
use uuid::Uuid;

use crate::{headers, remembered::Remembered};

/// The storage, and what it said last.
#[derive(Clone, Debug)]
pub struct LabStorage {
    inner: ArcDynStorage,
    /// Where each partition ends.
    stages: Arc<Remembered<Topition, OffsetStage>>,
    /// What topics are. Answers that name brokers hold as well: there is one, and its address stays.
    topics: Arc<Remembered<Vec<TopicId>, MetadataResponse>>,
}

impl LabStorage {
    pub fn over(inner: ArcDynStorage) -> Self {
        Self {
            inner,
            stages: Arc::default(),
            topics: Arc::default(),
        }
    }
}

/// Whether a partition is one of a topic's own: the library also knows views of a topic by key, `topic/key`, which change
/// with the topic.
fn is_real(topition: &Topition) -> bool {
    !topition.topic().contains('/')
}

/// Implements [`Storage`]: the methods of the first block as they are written, those of the second by handing on.
macro_rules! storage {
    (
        { $($own:item)* }
        { $(fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $answer:ty;)* }
    ) => {
        #[async_trait]
        impl Storage for LabStorage {
            $($own)*
            $(
                async fn $name(&self, $($arg: $type),*) -> $answer {
                    self.inner.$name($($arg),*).await
                }
            )*
        }
    };
}

storage! {
    {
        async fn produce(
            &self,
            transaction_id: Option<&str>,
            topition: &Topition,
            batch: deflated::Batch,
        ) -> Result<i64> {
            let _written = self.stages.forget_after(topition.clone());
            self.inner.produce(transaction_id, topition, headers::fold(batch)?).await
        }

        async fn offset_stage(&self, topition: &Topition) -> Result<OffsetStage> {
            if !is_real(topition) {
                return self.inner.offset_stage(topition).await;
            }
            self.stages
                .or_ask(topition.clone(), self.inner.offset_stage(topition))
                .await
        }

        async fn fetch(
            &self,
            topition: &Topition,
            offset: i64,
            min_bytes: u32,
            max_bytes: u32,
            isolation: IsolationLevel,
            max_wait: Duration,
        ) -> Result<Vec<deflated::Batch>> {
            let stage = self.offset_stage(topition).await?;
            let end = match isolation {
                IsolationLevel::ReadCommitted => stage.last_stable(),
                IsolationLevel::ReadUncommitted => stage.high_watermark(),
            };
            if offset >= end {
                // What the library answers where nothing is to be read.
                return Ok(vec![inflated::Batch::builder().build()?.try_into()?]);
            }
            self.inner
                .fetch(topition, offset, min_bytes, max_bytes, isolation, max_wait)
                .await?
                .into_iter()
                .map(|batch| headers::unfold(batch).map_err(Into::into))
                .collect()
        }

        async fn metadata(&self, topics: Option<&[TopicId]>) -> Result<MetadataResponse> {
            let asked = self.inner.metadata(topics);
            match topics {
                Some(topics) => self.topics.or_ask(topics.to_vec(), asked).await,
                None => asked.await,
            }
        }

        async fn create_topic(&self, topic: CreatableTopic, validate_only: bool) -> Result<Uuid> {
            let _created = self.topics.forget_all_after();
            self.inner.create_topic(topic, validate_only).await
        }

        async fn incremental_alter_resource(
            &self,
            resource: AlterConfigsResource,
        ) -> Result<AlterConfigsResourceResponse> {
            let _altered = self.topics.forget_all_after();
            self.inner.incremental_alter_resource(resource).await
        }

        async fn delete_topic(&self, topic: &TopicId) -> Result<ErrorCode> {
            let _deleted = (self.topics.forget_all_after(), self.stages.forget_all_after());
            self.inner.delete_topic(topic).await
        }

        async fn delete_records(
            &self,
            topics: &[DeleteRecordsTopic],
        ) -> Result<Vec<DeleteRecordsTopicResult>> {
            let _deleted = self.stages.forget_all_after();
            self.inner.delete_records(topics).await
        }

        async fn maintain(&self, now: SystemTime) -> Result<()> {
            let _deleted = self.stages.forget_all_after();
            self.inner.maintain(now).await
        }

        async fn maintain_transactions(&self, now: SystemTime) -> Result<()> {
            let _ended = self.stages.forget_all_after();
            self.inner.maintain_transactions(now).await
        }

        async fn txn_add_partitions(
            &self,
            partitions: TxnAddPartitionsRequest,
        ) -> Result<TxnAddPartitionsResponse> {
            let _begun = self.stages.forget_all_after();
            self.inner.txn_add_partitions(partitions).await
        }

        async fn txn_end(
            &self,
            transaction_id: &str,
            producer_id: i64,
            producer_epoch: i16,
            committed: bool,
        ) -> Result<ErrorCode> {
            let _ended = self.stages.forget_all_after();
            self.inner
                .txn_end(transaction_id, producer_id, producer_epoch, committed)
                .await
        }
    }
    {
        fn register_broker(registration: BrokerRegistrationRequest) -> Result<()>;
        fn brokers() -> Result<Vec<DescribeClusterBroker>>;
        fn list_offsets(
            isolation: IsolationLevel,
            offsets: &[(Topition, ListOffset)],
        ) -> Result<Vec<(Topition, ListOffsetResponse)>>;
        fn offset_commit(
            group: &str,
            retention: Option<Duration>,
            offsets: &[(Topition, OffsetCommitRequest)],
        ) -> Result<Vec<(Topition, ErrorCode)>>;
        fn offset_fetch(
            group: Option<&str>,
            topics: &[Topition],
            require_stable: Option<bool>,
        ) -> Result<BTreeMap<Topition, i64>>;
        fn committed_offset_topitions(group: &str) -> Result<BTreeMap<Topition, i64>>;
        fn upsert_user_scram_credential(
            user: &str,
            mechanism: ScramMechanism,
            credential: ScramCredential,
        ) -> Result<()>;
        fn delete_user_scram_credential(user: &str, mechanism: ScramMechanism) -> Result<()>;
        fn user_scram_credential(
            user: &str,
            mechanism: ScramMechanism,
        ) -> Result<Option<ScramCredential>>;
        fn describe_config(
            name: &str,
            resource: ConfigResource,
            keys: Option<&[String]>,
        ) -> Result<DescribeConfigsResult>;
        fn list_groups(states: Option<&[String]>) -> Result<Vec<ListedGroup>>;
        fn delete_groups(groups: Option<&[String]>) -> Result<Vec<DeletableGroupResult>>;
        fn describe_groups(
            groups: Option<&[String]>,
            include_authorized_operations: bool,
        ) -> Result<Vec<NamedGroupDetail>>;
        fn describe_topic_partitions(
            topics: Option<&[TopicId]>,
            limit: i32,
            cursor: Option<Topition>,
        ) -> Result<Vec<DescribeTopicPartitionsResponseTopic>>;
        fn update_group(
            group: &str,
            detail: GroupDetail,
            version: Option<Version>,
        ) -> Result<Version, UpdateError<GroupDetail>>;
        fn init_producer(
            transaction_id: Option<&str>,
            transaction_timeout_ms: i32,
            producer_id: Option<i64>,
            producer_epoch: Option<i16>,
        ) -> Result<ProducerIdResponse>;
        fn txn_add_offsets(
            transaction_id: &str,
            producer_id: i64,
            producer_epoch: i16,
            group: &str,
        ) -> Result<ErrorCode>;
        fn txn_offset_commit(offsets: TxnOffsetCommitRequest) -> Result<Vec<TxnOffsetCommitResponseTopic>>;
        fn aborted_transactions(
            topition: &Topition,
            offset: i64,
            last_stable_offset: i64,
        ) -> Result<Vec<AbortedTransaction>>;
        fn cluster_id() -> Result<String>;
        fn node() -> Result<i32>;
        fn advertised_listener() -> Result<Url>;
        fn ping() -> Result<()>;
    }
}
